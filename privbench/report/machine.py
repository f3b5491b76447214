"""Tables for machines: every figure in a column of its own, under a name that stays."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from ..base.texts import printable
from .table import Table

_FORMULA = re.compile(r"\s*[=+\-@]")


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
    """With a line of names first. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    plain = frame.apply(lambda column: column if is_numeric_dtype(column) else column.map(_plain))
    return str(plain.rename(columns=_plain).to_csv(index=False))


def _plain(value: Any) -> Any:
    """Texts as they can be shown, everything else as it is."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) else text


def as_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON values; what is missing is None."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


def as_json(frame: pd.DataFrame) -> str:
    """A list of objects, one a row, with all digits of their figures."""
    return json.dumps(as_records(frame), indent=1) + "\n"
