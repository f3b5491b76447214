"""Whom an attacker knows to be members, or none, and by whom he is judged: every second patient of a split each."""

from __future__ import annotations

import numpy as np

MOST = 1000
"""Patients of each split at the most, by whom it is judged: more hardly narrow an interval, and cost memory."""


def rows_that_are_known(patients: np.ndarray) -> np.ndarray:
    """The images of every second patient. Shape: (N,), int from 0, to (n,), int64."""
    return np.flatnonzero(patients % 2 == 0)


def rows_to_judge(patients: np.ndarray, split: str) -> np.ndarray:
    """The images of the other patients, of all in the test split; of at most MOST patients, spread evenly over them.

    Shape: (N,), int from 0, to (n,), int64.
    """
    there = np.unique(patients if split == "test" else patients[patients % 2 == 1])
    chosen = there[np.linspace(0, max(0, len(there) - 1), min(len(there), MOST)).astype(np.int64)]
    return np.flatnonzero(np.isin(patients, chosen))
