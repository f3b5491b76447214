"""Confidence intervals of a run's figures."""

from __future__ import annotations

import numpy as np

from ..errors import PrivbenchError
from ..metrics import bootstrap
from ..protocol import Protocol
from ..results import Interval

METHOD = "percentile bootstrap over test patients, trained networks held fixed"


def interval_of(values: np.ndarray, protocol: Protocol) -> Interval | None:
    """The interval of the resampled values that are defined; None where none is. Shape: (resamples,)."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    confidence = protocol.statistics.confidence
    low, high = bootstrap.percentile_interval(defined, confidence)
    return Interval(low=low, high=high, confidence=confidence, method=METHOD, resamples=len(defined))


def certain(interval: Interval | None) -> Interval:
    """The interval. Raises PrivbenchError where there is none."""
    if interval is None:
        raise PrivbenchError("No resample of the test patients holds both labels: the test split needs more patients.")
    return interval
