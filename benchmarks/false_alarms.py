"""How often a release in which no patient is left is taken for one that shows patients.

    python benchmarks/false_alarms.py [--seeds 0 1 … 19] [--protocol quick] [--remover NAME]… [--set FIELD=VALUE]…

Runs the self-test's removers with each seed of the protocol, which draws patients, pairs, trainings and what removers
release anew, and prints a Markdown table: for each remover in how many runs the interval of the worst case holds 0.5
and in how many it lies above, the least, mean and largest worst case, and the verdicts. `remover-surrogate` hands out
an image of the same leading finding, which tells a little of the patient: it has a row, and is not among all.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from many_runs import Wanted, made_together, options, setting_of

from privbench.judging.selftest.catalogue import REMOVES, traps
from privbench.protocols.schema import load_protocol
from privbench.record.run import RunRecord
from privbench.running.setting import Setting

_REMOVERS = {one.anonymizer.name: one for one in traps(load_protocol("quick")) if one.truth == REMOVES}


def runs(names: Sequence[str], settings: Sequence[Setting], out: Path) -> dict[str, list[RunRecord]]:
    """Of each remover a record for each setting; their folders lie in `out`."""
    wanted = []
    for setting in settings:
        known = {one.anonymizer.name: one.anonymizer for one in traps(setting.load(), setting.seed or 0)}
        wanted += [Wanted(known[name], setting, out / f"{name}-{setting.seed}") for name in names]
    records = made_together(wanted)
    return {name: [one for one in records if one.anonymizer.name == name] for name in names}


def row(name: str, records: Sequence[RunRecord]) -> str:
    """A remover's line of the table."""
    worst = [one.worst_case for one in records]
    values = np.array([one.verification_auc for one in worst])
    held = sum(one.interval.low <= 0.5 <= one.interval.high for one in worst)
    above = sum(one.interval.low > 0.5 for one in worst)
    verdicts = Counter(one.verdict for one in worst)
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    spread = f"{values.min():.3f} | {values.mean():.3f} | {values.max():.3f}"
    return f"| {name} | {held} of {len(records)} | {above} | {spread} | {told} |"


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    told = options(__doc__, Path("runs/false_alarms"))
    told.add_argument("--seeds", type=int, nargs="+", default=list(range(20)))
    told.add_argument("--remover", action="append", choices=_REMOVERS, metavar="NAME", help="one to run; repeatable")
    return told


def main() -> None:
    chosen = parser().parse_args()
    settings = [setting_of(chosen, seed) for seed in chosen.seeds]
    found = runs(chosen.remover or list(_REMOVERS), settings, chosen.out)
    print("| remover | interval holds 0.5 | lies above | least | mean | largest | verdicts |")
    print("| --- " * 7 + "|")
    for name, records in found.items():
        print(row(name, records))
    silent = [record for name, records in found.items() if not _REMOVERS[name].copies for record in records]
    print(row("all that tell nothing of the patient", silent) if silent else "")


if __name__ == "__main__":
    main()
