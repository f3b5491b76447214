"""The points of the budget curves: privacy against the attacker's means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from ..figures import bracketed
from ..table import Cell, Column, Rows, Table, text

if TYPE_CHECKING:
    from ...judging.budget import Point  # which trains attacks, and so imports torch

BUDGET_COLUMNS = ("axis", "factor", "amount", "auc", "low", "high", "unsaturated")


def budget_frame(points: Sequence[Point], rising: Sequence[str]) -> pd.DataFrame:
    """One row a point under BUDGET_COLUMNS; `unsaturated` marks the ends of the curves that were still rising."""
    frame = pd.DataFrame([asdict(point) for point in points])
    last = frame.groupby("axis", sort=False)["factor"].transform("max") == frame["factor"]
    return frame.assign(unsaturated=last & frame["axis"].isin(rising))


def budget_table(frame: pd.DataFrame, caption: str) -> Table:
    """One row a point; `frame` has BUDGET_COLUMNS."""
    columns = [
        Column("attacker's", number=False),
        Column("amount"),
        Column("share", note="of the run's own"),
        Column("AUC ↓"),
        Column("note", number=False),
    ]
    rows = []
    for axis, *figures, rising in frame[list(BUDGET_COLUMNS)].itertuples(index=False):
        factor, amount, auc, low, high = map(float, figures)
        note = Cell("still rising: not saturated", doubtful=True) if rising else Cell("")
        means = [Cell(f"{amount:g}", sort=amount), Cell(f"{factor:g}", sort=factor)]
        rows.append([text(axis), *means, Cell(bracketed(auc, low, high), sort=auc), note])
    return Table(caption, columns, [Rows(rows)])
