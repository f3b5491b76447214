"""Tables for machines: every figure in a column of its own, under a name that stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

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


def as_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON values; what is missing is None."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


def as_json(frame: pd.DataFrame) -> str:
    """A list of objects, one a row, with all digits of their figures."""
    return json.dumps(as_records(frame), indent=1) + "\n"
