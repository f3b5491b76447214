"""Tables for machines: every figure in a column of its own, under a name that stays."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .table import Table


def as_frame(tables: Sequence[Table]) -> pd.DataFrame:
    """The rows of all tables, one below the other; what a row has no figure of is missing in it."""
    return pd.DataFrame(
        [
            {name: figure for cell in row for name, figure in cell.figures.items()}
            for table in tables
            for group in table.groups
            for row in group.rows
        ]
    )


def as_csv(frame: pd.DataFrame) -> str:
    """With a line of names first."""
    return str(frame.to_csv(index=False))


def as_json(frame: pd.DataFrame) -> str:
    """A list of objects, one a row."""
    return str(frame.to_json(orient="records", indent=1)) + "\n"
