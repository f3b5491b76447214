"""The draws of test patients, and what a statistic says under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.seeds import numpy_generator
from ..metrics import bootstrap, intervals
from ..metrics.bootstrap import Statistic
from ..protocols.schema import Protocol
from ..record.estimates import Estimate
from ..record.values import Interval

IMAGE_WISE = "image-wise percentile bootstrap (the paper's; ignores that images cluster in patients)"


class Applied(NamedTuple):
    """A statistic under equal weights, without each patient in turn, and under every draw.

    Shape: (…, 1), (…, P) and (…, B).
    """

    value: np.ndarray
    jackknife: np.ndarray
    resampled: np.ndarray

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Applied:
        """The function of each of the three."""
        return Applied(*map(function, self))

    def filled(self) -> Applied:
        """With the value itself where a draw leaves none, so that a mean over several goes over the same ones."""
        return self.map(lambda part: np.where(np.isnan(part), self.value, part))


@dataclass(frozen=True)
class Resampling:
    """The draws of test patients that all figures of all runs of a protocol share.

    Shape: patients (P,), sorted and distinct; counts (P, B).
    """

    patients: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, protocol: Protocol, patients: np.ndarray) -> Resampling:
        """The draws of the protocol's seed, of the patients of all test images."""
        names = np.unique(patients)
        rng = numpy_generator(protocol.seed, "resamples of patients")
        return cls(names, bootstrap.draw_counts(len(names), protocol.statistics.resamples, rng))

    def rows(self, patients: np.ndarray) -> np.ndarray:
        """The row of each patient. Raises KeyError for one who is none of them."""
        rows = self._index.get_indexer(patients)
        if (unknown := rows < 0).any():
            raise KeyError(np.asarray(patients)[unknown][0])
        return rows

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.patients)

    def apply(self, statistic: Statistic) -> Applied:
        """The statistic under the three kinds of weights."""
        number = len(self.patients)
        return Applied(np.ones((number, 1)), bootstrap.leave_one_out(number), self.counts).map(statistic)


def estimate_of(
    applied: Applied,
    effective: float,
    *,
    between: np.ndarray | None = None,
    counted_twice: float = 0.0,
    trainings: Sequence[float] = (),
    upper: float = 1.0,
) -> Estimate:
    """The estimate of a statistic of one value.

    Args:
        applied: the statistic's values. Shape: (1,), (P,), (B,).
        effective: the effective number of patients.
        between: what happens between each two patients, as `pair_influence` gives it.
        counted_twice: the sum of its squares, where it is not known one by one; see `standard_error`.
        trainings: the value of each of the attacker's trainings.
        upper: the largest value that it can take.
    """
    spread = float(np.std(trainings, ddof=1) / np.sqrt(len(trainings))) if len(trainings) > 1 else None
    return Estimate(
        value=float(applied.value[0]),
        resampled=applied.resampled,
        jackknife=applied.jackknife,
        effective=effective,
        between=np.empty(0) if between is None else between,
        counted_twice=counted_twice,
        training_error=spread,
        freedom=max(1.0, len(trainings) - 1.0),
        bounds=(0.0, upper),
    )


def certain(interval: Interval | None) -> Interval:
    """The interval. Raises PrivbenchError where there is none."""
    if interval is None:
        raise PrivbenchError("The test patients are too few, or too unequal, for an interval: use more of them.")
    return interval


def image_wise_interval(labels: np.ndarray, scores: np.ndarray, protocol: Protocol) -> Interval:
    """The interval of the mean class AUC that takes every image, or pair, for a patient of its own, as the paper does.

    It is too narrow, and stands beside the other for comparison. Shape: labels and scores (N, classes).
    """
    values = []
    rng = numpy_generator(protocol.seed, "resamples of images")
    number, left = len(labels), protocol.statistics.resamples
    statistic = bootstrap.class_aucs(labels, scores, np.arange(number))
    while left:
        part = min(left, max(1, 2**24 // number))  # bounds the memory
        values.append(statistic(bootstrap.draw_counts(number, part, rng)))
        left -= part
    drawn = np.concatenate(values, axis=1)
    known = np.where(np.isnan(drawn), statistic(np.ones((number, 1))), drawn).mean(0)
    confidence = protocol.statistics.confidence
    low, high = intervals.percentile(known, confidence)
    return Interval(low=low, high=high, confidence=confidence, method=IMAGE_WISE, resamples=len(known))
