"""What privbench found of every built-in method: the table of docs/anonymizers.md.

    privbench sweep field && python benchmarks/field.py [RUNS]

Reads the runs of the sweep `field`, by default below runs/field, and prints a Markdown table, a row each: the worst
case with its verdict, the rank-1 rate of that attack, how often a release finds its own original, and the headline of
utility, with 95 % intervals over patients.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from privbench.record.run import RunRecord, read_run
from privbench.record.values import Interval
from privbench.sweeps.schema import load_sweep

HEAD = ("method", "worst-case AUC ↓", "verdict", "rank 1 ↓", "own original found ↓", "classification AUC ↑")


def row(record: RunRecord) -> str:
    """A run's line of the table."""
    worst, utility = record.worst_case, record.utility
    attack = next(one for one in record.attacks if (one.name, one.scenario) == (worst.attack, worst.scenario))
    found = attack.retrieval
    proof = worst.release
    cells = (
        record.label,
        _told(worst.verification_auc, worst.interval),
        worst.verdict,
        "–" if found is None else _told(found.rank_1, found.interval),
        "–" if proof is None or proof.match is None else f"{proof.match:.3f}",
        "–" if utility is None else _told(utility.mean_auc, utility.interval),
    )
    return f"| {' | '.join(cells)} |"


def _told(value: float, interval: Interval | None) -> str:
    return f"{value:.3f}" + ("" if interval is None else f" [{interval.low:.3f}, {interval.high:.3f}]")


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("runs", type=Path, nargs="?", default=Path("runs/field"), help="where the sweep's folders lie")
    folder = told.parse_args().runs
    print(f"| {' | '.join(HEAD)} |\n{'| --- ' * len(HEAD)}|")
    for one in load_sweep("field").rows:
        print(row(read_run(folder / one.folder)))


if __name__ == "__main__":
    main()
