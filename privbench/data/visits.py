"""Visits: which images of a patient were taken together, as far as a checked table tells."""

from __future__ import annotations

import numpy as np
import pandas as pd


def visit_codes(table: pd.DataFrame) -> np.ndarray:
    """A number for each row, which rows of one patient and study share; one whose study is unknown stands alone.

    Shape: (N,), int64.
    """
    own = np.where(table["study"] != "", 0, np.arange(1, len(table) + 1))
    return np.array(table.groupby(["patient", "study", own], sort=False).ngroup(), np.int64)


def untold_visits(table: pd.DataFrame) -> np.ndarray:
    """Where an image may be of the same visit as another of its patient, and nobody tells. Shape: (N,), bool.

    One whose study is unknown, but whose follow-up is like that of no other image of the patient, is a visit.
    """
    alone = ~table["patient"].duplicated(keep=False)
    dated = table["follow_up"].notna() & ~table.duplicated(["patient", "follow_up"], keep=False)
    return np.asarray(~((table["study"] != "") | alone | dated))
