"""What a data set says of its images must be whole and sound before anything is made of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from .patients import patient_texts
from .splits import COLUMNS, SPACING, SPLITS


def checked_rows(table: pd.DataFrame, findings: tuple[str, ...]) -> pd.DataFrame:
    """The table with its patients as texts, as `patient_texts` gives them.

    A label is 0, 1 or NaN, which is unknown; a spacing is above 0 or NaN, and given along both axes or along none.

    Raises:
        PrivbenchError: a column holds what does not belong there, or a patient stands in two splits.
    """
    spacing = SPACING if any(c in table.columns for c in SPACING) else ()
    missing = [c for c in (*COLUMNS, *spacing, *findings) if c not in table.columns]
    if missing:
        raise PrivbenchError(f"The data set's table lacks the column {missing[0]!r}: add it.")
    table = table.assign(patient=patient_texts(table))
    for finding in findings:
        if not (table[finding].isin([0, 1]) | table[finding].isna()).all():
            raise PrivbenchError(f"The data set's table must hold 0 or 1 for {finding!r}, or NaN where it is unknown.")
    for column in spacing:
        numbers = pd.to_numeric(table[column], errors="coerce")
        if not (table[column].isna() | numbers.between(0, np.inf, inclusive="neither")).all():
            raise PrivbenchError(
                f"The data set's table must hold millimetres above 0 for {column!r}, or NaN where they are unknown."
            )
    doubled = table["image"][table["image"].duplicated()]
    if len(doubled):
        raise PrivbenchError(f"Image {doubled.iloc[0]} is listed twice: list every image once.")
    per_patient = table.groupby("patient")["split"].nunique()
    shared = per_patient.index[per_patient > 1].tolist()
    if shared:
        named = ", ".join(map(str, shared[:5])) + (f" and {len(shared) - 5} more" if len(shared) > 5 else "")
        raise PrivbenchError(
            f"{len(shared)} patient(s) stand in more than one split, which would leak their identity into the test: "
            f"{named}; move all images of a patient to one split list."
        )
    return table


def check_splits(table: pd.DataFrame, findings: tuple[str, ...]) -> None:
    """Raises PrivbenchError unless every split of a checked table has rows, and every finding has training labels."""
    foreign = table[~table["split"].isin(SPLITS)]
    if len(foreign):
        row = foreign.iloc[0]
        raise PrivbenchError(f"Image {row['image']} is of split {row['split']!r}: use one of {', '.join(SPLITS)}.")
    empty = [s for s in SPLITS if not (table["split"] == s).any()]
    if empty:
        raise PrivbenchError(f"The {empty[0]} split holds no image: check the split lists.")
    unlabelled = [finding for finding in findings if table.loc[table["split"] == "train", finding].isna().all()]
    if unlabelled:
        raise PrivbenchError(
            f"No training image is labelled for {unlabelled[0]!r}, so nothing can be learnt of it: leave it out of the "
            "data set's findings."
        )
