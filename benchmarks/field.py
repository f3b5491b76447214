"""What privbench found of every built-in method: the table of docs/anonymizers.md.

    privbench sweep field && python benchmarks/field.py [RUNS] [--strongest]

Reads the runs of the sweep `field`, by default below runs/field, and prints a Markdown table, a row each: the worst
case with its verdict, the rank-1 rate of that attack, how often a release finds its own original, and the headline of
utility, with 95 % intervals over patients. With --strongest a row a method, its setting of the lowest worst case, and
the area under the trade-off of all of its settings: the table of README.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from privbench.judging.areas import MethodArea, areas_of
from privbench.judging.ranking import make_boards, read_entry
from privbench.record.run import RunRecord, read_run
from privbench.record.values import Interval
from privbench.sweeps.schema import load_sweep

HEAD = ("method", "worst-case AUC ↓", "verdict", "rank 1 ↓", "own original found ↓", "classification AUC ↑")


def row(record: RunRecord, *more: str) -> str:
    """A run's line of the table, with more cells at its end."""
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
        *more,
    )
    return f"| {' | '.join(cells)} |"


def _told(value: float, interval: Interval | None) -> str:
    return f"{value:.3f}" + ("" if interval is None else f" [{interval.low:.3f}, {interval.high:.3f}]")


def of_strongest_settings(records: Iterable[RunRecord]) -> list[RunRecord]:
    """Of each method the run of the lowest worst case, the lowest first."""
    found: dict[str, RunRecord] = {}
    for record in sorted(records, key=lambda one: one.judged.verification_auc):
        found.setdefault(record.anonymizer.name, record)
    return list(found.values())


def _area(area: MethodArea | None) -> str:
    if area is None:
        return "–"
    value = "not told" if area.value is None else _told(area.value, area.interval)
    return f"{value}, {area.counted} of {area.settings}"


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("runs", type=Path, nargs="?", default=Path("runs/field"), help="where the sweep's folders lie")
    told.add_argument("--strongest", action="store_true", help="a row a method")
    asked = told.parse_args()
    folders = [asked.runs / one.folder for one in load_sweep("field").rows]
    if asked.strongest:
        (board,) = make_boards([read_entry(folder) for folder in folders])
        found = areas_of(board)
        areas = {} if found is None else {one.method: one for one in found.methods}
        head = (*HEAD, "area ↑, settings that count")
        rows = [row(one, _area(areas.get(one.anonymizer.name))) for one in of_strongest_settings(board.records)]
    else:
        head, rows = HEAD, [row(read_run(folder)) for folder in folders]
    print(f"| {' | '.join(head)} |\n{'| --- ' * len(head)}|", *rows, sep="\n")


if __name__ == "__main__":
    main()
