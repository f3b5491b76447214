"""How often a release finds its own original: is something of the single image in it, whoever is on it?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..metrics import bootstrap, intervals
from ..protocols.schema import StatisticsSection
from ..record.attack import ImageMatch
from ..record.estimates import EXACT, Estimate
from ..record.values import Interval
from .resampling import Resampling, estimate_of


def match_estimate(matches: pd.DataFrame, resampling: Resampling) -> Estimate:
    """The own-image match's mean over the trainings, from the ranks of one attack's own images."""
    seeds = [part for _, part in matches.sort_values("image", kind="stable").groupby("seed")]
    found = np.stack([part["outranked_by"].to_numpy() == 0 for part in seeds])
    patient = resampling.rows(seeds[0]["patient"].to_numpy())
    return estimate_of(
        resampling.apply(bootstrap.mean(found.mean(0), patient)),
        bootstrap.effective_number(np.bincount(patient)),
        trainings=found.mean(1).tolist(),
    )


def image_match(matches: pd.DataFrame, estimate: Estimate, statistics: StatisticsSection) -> ImageMatch:
    """The match as the record tells it.

    Args:
        matches: the ranks of one attack's own images; of at least one.
        estimate: what `match_estimate` made of them.
        statistics: how sure the interval is to be.
    """
    return ImageMatch(
        rate=estimate.value,
        interval=_interval(estimate, statistics.confidence),
        candidates=int(matches["candidates"].iloc[0]),
        images=matches["image"].nunique(),
    )


def _interval(estimate: Estimate, confidence: float) -> Interval | None:
    """The exact binomial one: the question is how large a small share can be, where resampled values hardly vary."""
    if estimate.effective < intervals.FEWEST:
        return None
    low, high = intervals.clopper_pearson(estimate.value, estimate.effective, confidence)
    return Interval(low=low, high=high, confidence=confidence, method=EXACT, resamples=0)
