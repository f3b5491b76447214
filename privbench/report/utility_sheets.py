"""What `privbench utility` shows: the runs of each fingerprint side by side, then each of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..judging.ranking import Board
from ..record.run import RunRecord
from . import utility
from .notes import apart, intervals_text, names_of, patients_text
from .page.table import Table


@dataclass(frozen=True)
class Sheet:
    """Tables that belong together, below a heading; `notes` stand under them."""

    heading: str
    tables: Sequence[Table]
    notes: Sequence[str]


def make_sheets(boards: Sequence[Board]) -> list[Sheet]:
    """The most useful run comes first; why boards stand apart comes last."""
    found = []
    for board in boards:
        runs = list(zip(names_of(board), board.records, strict=True))
        runs.sort(key=lambda named: named[1].utility.mean_auc, reverse=True)
        conditions = [f"Brackets: {intervals_text([runs[0][1].utility.interval])}"]
        if len(runs) == 1:
            ((name, run),) = runs
            tables = [utility.overview(runs), *_details(name, run)]
            found.append(Sheet(f"{name}: {_heading(board)}", tables, [*_lost(run), *conditions]))
            continue
        found.append(Sheet(_heading(board), [utility.overview(runs)], conditions))
        found += [Sheet(name, _details(name, run), _lost(run)) for name, run in runs]
    if why := apart(boards):
        found.append(Sheet("Tables that stand apart", [], why))
    return found


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
    data, counts, told = first.protocol["data"], first.utility.counts, first.utility.mean_over
    return (
        f"{data['dataset']} {data['size']} px, protocol {first.protocol['name']}, {counts.images} test images of "
        f"{patients_text(counts)}, mean over {len(told)} findings, fingerprint {board.fingerprint[:12]}"
    )
