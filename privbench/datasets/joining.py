"""Findings from a spreadsheet, put beside the images whose headers tell the same key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from ..base.errors import PrivbenchError, raise_all
from ..data.notices import SHOWN, Notice
from ..data.patients import SHORTENED


def joined(
    images: pd.DataFrame, table: pd.DataFrame, keys: Sequence[str], path: Path, notice: Callable[[Notice], None]
) -> pd.DataFrame:
    """The images with the other columns of a table, whose rows are found by the first of the keys that it has.

    Where no row belongs to an image, its cells are empty. Keys are compared as texts, without blanks around them.

    Args:
        images: texts, one row an image, by its name; with a column for each key.
        table: texts.
        path: where the table lies, for what is told of it.

    Raises:
        PrivbenchError: the table has none of the keys, two rows have one, a spreadsheet has cut some short, or no row
            belongs to any image.
    """
    key = next((name for name in keys if name in table.columns), None)
    if key is None:
        raise PrivbenchError(
            f"{path} has no column of {', '.join(keys)}: say which it is, such as --column {keys[-1]}=NAME."
        )
    told = table[key].str.strip()
    rows = table.drop(columns=images.columns, errors="ignore")[told != ""]
    told = told[told != ""]
    short, twice = told[told.str.fullmatch(SHORTENED)], told[told.duplicated()]
    raise_all(
        [f"{path} has {few.iloc[0]!r} for {key} ({len(few)} such rows), {what}." for few, what in (
            (short, "a number that a spreadsheet has cut short: export it as text"),
            (twice, "which another row has: keep one row for each"),
        ) if len(few)]
    )  # fmt: skip
    found = images[key].isin(told)
    if not found.any():
        raise PrivbenchError(
            f"No row of {path} has the {key} of an image: check the column, and whether zeros before numbers are there."
        )
    if not found.all():
        names = tuple(images.index[~found])[:SHOWN]
        lost = len(images) - int(found.sum())
        notice(Notice(f"{lost} of {len(images)} images have no row in the table, so their findings are unknown", names))
    return images.join(rows.set_index(told), on=key).fillna(dict.fromkeys(rows.columns, ""))
