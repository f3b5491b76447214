"""What a data set says of its images must be whole and sound before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError, raise_all
from .exclusion import Exclusion
from .patients import patient_problems, patient_texts, shown
from .problems import Problem, raise_problems
from .pseudonyms import PSEUDONYMS
from .splits import COLUMNS, SPACING, SPLITS, UNKNOWN

OLDEST = 130  # years
_WRONG = "wrong entry"


def checked_rows(table: pd.DataFrame, findings: tuple[str, ...]) -> pd.DataFrame:
    """The table with all of COLUMNS, and its patients as texts, as `patient_texts` gives them.

    A label is 0, 1 or NaN, which is unknown; an age is 0 to 130 years or NaN; a follow-up is a number or NaN; a spacing
    is above 0 or NaN, and given along both axes or along none. Study, sex and view are texts, empty where they are
    unknown; of these, ages and follow-ups a column that is not there is unknown as a whole.

    Raises:
        PrivbenchError: columns are missing.
        DataError: columns hold what does not belong there, or patients stand in two splits; all that is wrong.
    """
    raise_all(
        [
            f"A finding cannot be called {name!r}, as the store calls a column of its own: choose another name."
            for name in PSEUDONYMS.values()
            if name in findings
        ]
    )
    spacing = SPACING if any(c in table.columns for c in SPACING) else ()
    raise_all(
        [
            f"The data set's table lacks the column {c!r}: add it."
            for c in (*COLUMNS, *spacing, *findings)
            if c not in table.columns and c not in UNKNOWN
        ]
    )
    table = table.assign(**{c: _told(table, c) for c in UNKNOWN})
    raise_problems([*patient_problems(table), *_value_problems(table, findings, spacing), *_row_problems(table)])
    return table.assign(patient=patient_texts(table["patient"]))


def kept_rows(table: pd.DataFrame, exclude: Exclusion) -> pd.DataFrame:
    """The rows whose images are not left out; one that holds no images is left to `checked_rows`."""
    return table[exclude.keeps(table["image"])] if exclude.names and "image" in table.columns else table


def known(column: pd.Series) -> np.ndarray:
    """Where a column of a checked table tells something. Shape: (N,), bool."""
    return np.asarray(column.notna() & (column != ""))


def check_splits(table: pd.DataFrame, findings: tuple[str, ...]) -> None:
    """Raises PrivbenchError unless every split of a checked table has rows, and every finding has training labels."""
    foreign = table[~table["split"].isin(SPLITS)]
    if len(foreign):
        row = foreign.iloc[0]
        raise PrivbenchError(f"Image {row['image']} is of split {row['split']!r}: use one of {', '.join(SPLITS)}.")
    empty = [s for s in SPLITS if not (table["split"] == s).any()]
    if empty:
        raise PrivbenchError(f"The {empty[0]} split holds no image: check the split lists.")
    raise_all(
        [
            f"No training image is labelled for {finding!r}, so nothing can be learnt of it: leave it out of the "
            "data set's findings."
            for finding in findings
            if table.loc[table["split"] == "train", finding].isna().all()
        ]
    )


def _told(table: pd.DataFrame, column: str) -> pd.Series:
    """A column that may be missing, or be empty in places; a text is a text also where it was a number."""
    unknown = UNKNOWN[column]
    if column not in table.columns:
        return pd.Series(unknown, index=table.index)
    told = table[column]
    return told.astype(object).where(told.notna(), "").astype(str) if unknown == "" else told


def _value_problems(table: pd.DataFrame, findings: tuple[str, ...], spacing: tuple[str, ...]) -> Iterator[Problem]:
    yield from _out_of_range(table, "age", (0, OLDEST), f"0 to {OLDEST} years")
    yield from _out_of_range(table, "follow_up", (-np.finfo(float).max, np.finfo(float).max), "a number")
    for finding in findings:
        sound = table[finding].isin([0, 1]) | table[finding].isna()
        if not sound.all():
            text = f"The data set's table must hold 0 or 1 for {finding!r}, or NaN where it is unknown."
            yield Problem(_WRONG, text, tuple(table.loc[~sound, "image"]))
    for column in spacing:
        numbers = pd.to_numeric(table[column], errors="coerce")
        sound = table[column].isna() | numbers.between(0, np.inf, inclusive="neither")
        if not sound.all():
            text = f"The data set's table must hold millimetres above 0 for {column!r}, or NaN where they are unknown."
            yield Problem(_WRONG, text, tuple(table.loc[~sound, "image"]))


def _out_of_range(table: pd.DataFrame, column: str, bounds: tuple[float, float], what: str) -> Iterator[Problem]:
    told = table[column].map(lambda value: isinstance(value, int | float | np.number) and not isinstance(value, bool))
    numbers = pd.to_numeric(table[column].where(told), errors="coerce").astype(float)
    wrong = table[table[column].notna() & ~numbers.between(*bounds)]
    if len(wrong):
        row = wrong.iloc[0]
        text = (
            f"Image {row['image']} has {shown(row[column])} for {column} ({len(wrong)} such images), where {what} "
            "belongs: mend it, or leave it empty where it is unknown."
        )
        yield Problem(_WRONG, text, tuple(wrong["image"]))


def _row_problems(table: pd.DataFrame) -> Iterator[Problem]:
    doubled = table["image"][table["image"].duplicated()].unique()
    if len(doubled):
        text = f"Image {doubled[0]} is listed twice: list every image once."
        yield Problem("listed twice", text, tuple(doubled))
    per_patient = table.groupby("patient")["split"].nunique()
    shared = per_patient.index[per_patient > 1].tolist()
    if shared:
        named = ", ".join(map(str, shared[:5])) + (f" and {len(shared) - 5} more" if len(shared) > 5 else "")
        text = (
            f"{len(shared)} patient(s) stand in more than one split, which would leak their identity into the test: "
            f"{named}; move all images of a patient to one split list."
        )
        yield Problem("in two splits", text, tuple(table.loc[table["patient"].isin(shared), "image"]))
