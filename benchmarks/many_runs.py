"""What the benchmarks share that run many methods of the self-test: their options, and how the runs are made."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from privbench.api import carry_out, plan
from privbench.base.progress import Progress
from privbench.plugins.interfaces import Anonymizer
from privbench.record.run import RunRecord
from privbench.running.setting import Setting


class Wanted(NamedTuple):
    """A method in a setting, and the folder of its run."""

    method: str | Anonymizer
    setting: Setting
    folder: Path


def options(about: str, out: Path) -> argparse.ArgumentParser:
    """A parser of what all of them take; run folders go to `out` unless the command says otherwise."""
    told = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--protocol", default="quick")
    told.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="a change of the protocol, such as data.params.patients=500; repeatable",
    )
    told.add_argument("--store", type=Path, help="the folder of cached stages")
    told.add_argument("--out", type=Path, default=out, help="where the run folders go")
    told.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    return told


def setting_of(chosen: argparse.Namespace, seed: int | None = None) -> Setting:
    """What those options say, with another seed than the protocol's where one is given."""
    return Setting(chosen.protocol, chosen.set, seed=seed, store=chosen.store, device=chosen.device)


def made_together(wanted: Sequence[Wanted]) -> list[RunRecord]:
    """The records of runs, in their order; what the store does not hold is made for all of them together."""
    plans = [plan(one.method, {}, one.setting, one.folder, overwrite=True) for one in wanted]
    finished = carry_out(plans, wanted[0].setting, Progress(Console(stderr=True)))
    return [one.record for one in finished]
