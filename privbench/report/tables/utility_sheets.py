"""What `privbench utility` shows: the runs of each fingerprint side by side, then each of them in full."""

from __future__ import annotations

from collections.abc import Sequence

from ...judging.ranking import Board
from ...record.run import RunRecord
from ..notes import apart_sheets, intervals_text, named_runs, patients_text
from ..table import Sheet, Table
from . import utility


def utility_sheets(boards: Sequence[Board]) -> list[Sheet]:
    """The most useful run comes first; why boards stand apart comes last."""
    found = []
    for board in boards:
        runs = sorted(named_runs(board), key=lambda named: _mean(named[1]), reverse=True)
        conditions = [f"Brackets: {intervals_text([runs[0][1].interval])}"]
        overview = [table for table in [utility.overview(runs)] if table is not None]
        if len(runs) == 1:
            ((name, run),) = runs
            tables = [*overview, *_details(name, run)]
            found.append(Sheet(f"{name}: {_heading(board)}", tables, conditions, warnings=_lost(run)))
            continue
        found.append(Sheet(_heading(board), overview, conditions))
        found += [Sheet(name, _details(name, run), warnings=_lost(run)) for name, run in runs]
    return found + apart_sheets(boards)


def _mean(run: RunRecord) -> float:
    return 0.0 if run.utility is None else run.utility.mean_auc


def _details(name: str, run: RunRecord) -> list[Table]:
    makers = (utility.findings, utility.groups, utility.gaps, utility.measurements)
    return [table for make in makers if (table := make([(name, run)])) is not None]


def _lost(run: RunRecord) -> list[str]:
    return [
        f"{result.label}: surely read worse than on originals: {', '.join(result.lost)}."
        for result in run.utilities
        if result.lost
    ]


def _heading(board: Board) -> str:
    first = board.records[0]
    data, parts = first.protocol["data"], [f"protocol {first.protocol['name']}"]
    for one in first.utilities[:1]:
        parts.append(f"{one.counts.images} test images of {patients_text(one.counts)}")
        parts.append(f"mean over {len(one.mean_over)} findings")
    return ", ".join([f"{data['dataset']} {data['size']} px", *parts, f"fingerprint {board.fingerprint[:12]}"])
