"""Scores without what is finer than figures need: the age of an image's group, the years of a bin."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..record.folder import RETRIEVAL_SCORES, UTILITY_SCORES
from .groups import AGES
from .linkage import YEARS

_BINS = {UTILITY_SCORES: ("age", tuple(AGES.values())), RETRIEVAL_SCORES: ("years", YEARS)}
COARSENED = tuple(_BINS)
"""The score files that hold more than figures need."""


def coarsened(name: str, scores: pd.DataFrame) -> pd.DataFrame:
    """The scores of the file of that name, with the least age of each group, and the fewest years of each bin.

    Every figure is the same. What is unknown stays so, and scores of other files are as they were.
    """
    if name not in _BINS:
        return scores
    column, ends = _BINS[name]
    exact = scores[column].to_numpy(float, na_value=np.nan)
    least = np.asarray(ends, float)[np.searchsorted(ends, exact, side="right") - 1]
    told = pd.Series(np.where(np.isnan(exact), np.nan, least), index=scores.index)
    return scores.assign(**{column: told.astype(scores[column].dtype)})
