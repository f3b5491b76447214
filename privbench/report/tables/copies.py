"""Whose radiographs releases publish, and what they memorized."""

from __future__ import annotations

from collections.abc import Sequence

from ...record.copies import CopiesResult
from ...record.run import RunRecord
from ..figures import NOTHING, interval_text
from ..notes import Named
from ..table import Cell, Column, Rows, Table, change_of, count, estimate, number, text


def copies_table(runs: Sequence[Named]) -> Table | None:
    """Of each run what its released images are copies of; None where none of them tells."""
    columns = [
        Column("anonymizer", number=False),
        Column("own image", note="share of released test images that are copies of their own original"),
        Column("own patient", note="of another original of the same patient"),
        Column("another patient ↓", note="of an original of somebody else"),
        Column("to the bit ↓", note="those of somebody else that are equal to the bit"),
        Column("patients shown ↓", note="patients whose radiographs these images hand out under another one's name"),
        Column("training image ↓", note="share of released test images that copy a training image"),
        Column(
            "more than held out ↓",
            note="the same, less the share of their originals, which nothing was learnt from, that are as alike to one",
        ),
        Column("threshold", note="likeness to an original from which on an image is a copy of it, from how alike "
               "different originals are; 1 is the same image"),
    ]  # fmt: skip
    rows = [_row(name, found) for name, run in runs if (found := run.copies) is not None]
    return Table("Copies among the released images", columns, [Rows(rows)], sortable=True) if rows else None


def _row(name: str, found: CopiesResult) -> list[Cell]:
    return [
        text(name),
        estimate(found.own.share, found.own.interval),
        estimate(found.own_patient.share, found.own_patient.interval),
        Cell(
            interval_text(found.others.share, found.others.interval),
            sort=found.others.share,
            doubtful=found.publishes_others,
        ),
        number(found.others.exact),
        count(found.patients_shown),
        estimate(found.training.share, found.training.interval),
        change_of(found.training.difference),
        number(found.threshold),
    ]


def copies_mark(run: RunRecord) -> Cell:
    """A cell that marks a run which publishes other patients' radiographs; of all others it says nothing to people."""
    found = run.copies
    if found is None:
        return Cell(NOTHING)
    told = {"copies_of_others": found.others.share, "copies_of_own": found.own.share}
    if not found.publishes_others:
        return Cell(NOTHING, told, sort=found.others.share)
    return Cell(f"{found.others.share:.0%} OF OTHERS", told, sort=found.others.share, doubtful=True)
