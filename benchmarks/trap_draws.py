"""Whether what the attacks see of the self-test's traps hangs on the draw of their parameters.

    python benchmarks/trap_draws.py [--draws 0 1 2] [--protocol quick] [--trap NAME]… [--set FIELD=VALUE]…

Runs each trap that hides identity in plain sight with each seed of its parameters, beside identity, and prints a
Markdown table: for each trap and draw the share of identity's margin that the worst case keeps, and how the trap is
sorted. Each `--trap` names a trap to run in place of all; each `--set` changes the protocol, as with `privbench run`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from privbench.api import carry_out, plan
from privbench.base.progress import Progress
from privbench.judging.selftest.catalogue import PLAIN_SIGHT, traps
from privbench.judging.selftest.judge import judge
from privbench.plugins.interfaces import Anonymizer
from privbench.record.run import RunRecord
from privbench.running.setting import Setting

_NAMES = [trap.name for trap in PLAIN_SIGHT]


def runs(methods: Mapping[str, str | Anonymizer], setting: Setting, out: Path) -> dict[str, RunRecord]:
    """The records of methods, by name; their folders lie in `out`. What the store does not hold is made together."""
    plans = [plan(method, {}, setting, out / name, overwrite=True) for name, method in methods.items()]
    finished = carry_out(plans, setting, Progress(Console(stderr=True)))
    return {name: run.record for name, run in zip(methods, finished, strict=True)}


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--draws", type=int, nargs="+", default=[0, 1, 2])
    told.add_argument("--protocol", default="quick")
    told.add_argument("--trap", action="append", choices=_NAMES, metavar="NAME", help="a trap to run; repeatable")
    told.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="a change of the protocol, such as data.params.patients=500; repeatable",
    )
    told.add_argument("--store", type=Path, help="the folder of cached stages")
    told.add_argument("--out", type=Path, default=Path("runs/trap_draws"), help="where the run folders go")
    told.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    return told


def main() -> None:
    chosen = parser().parse_args()
    setting = Setting(chosen.protocol, chosen.set, store=chosen.store, device=chosen.device)
    names, draws = chosen.trap or _NAMES, chosen.draws
    drawn = {draw: {one.anonymizer.name: one for one in traps(setting.load(), draw)} for draw in draws}
    methods = {f"{name}-{draw}": drawn[draw][name].anonymizer for name in names for draw in draws}
    records = runs({"identity": "identity"} | methods, setting, chosen.out)
    identity = records["identity"]
    found = {name: [judge(records[f"{name}-{draw}"], identity, drawn[draw][name]) for draw in draws] for name in names}
    worst = identity.worst_case
    print(f"identity: worst case {worst.verification_auc:.3f}, {worst.label}, {worst.verdict}\n")
    print(f"| trap | {' | '.join(f'draw {draw}' for draw in draws)} |")
    print("| --- " * (len(draws) + 1) + "|")
    for name, results in found.items():
        cells = (f"{'' if one.sorted else 'WRONG: '}{one.margin:.2f} {one.verdict}" for one in results)
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
