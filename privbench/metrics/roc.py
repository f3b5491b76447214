"""The area under the receiver operating characteristic, plain and under many weightings at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

_CHUNK = 250  # weightings at a time: what is multiplied then fits a processor's cache


@dataclass(frozen=True)
class Sample:
    """Scores whose weights are shared by the samples of a unit, such as a patient.

    Shape: scores (n,), float; units (n,), rows of weights; weights (units, B), not negative.
    """

    scores: np.ndarray
    units: np.ndarray
    weights: np.ndarray

    def total(self) -> np.ndarray:
        """The weight of all samples in each weighting. Shape: (B,)."""
        return np.bincount(self.units, minlength=len(self.weights)).astype(self.weights.dtype) @ self.weights


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """The probability that a positive scores above a negative, ties counting half (Mann–Whitney U; unitless, 0 to 1).

    Shape: labels (n,), bool or 0/1; scores (n,), float. NaN where one of the two classes is absent.
    """
    labels = np.asarray(labels, bool)
    ones = np.ones((1, 1))
    sides = [Sample(scores[side], np.zeros(side.sum(), np.int64), ones) for side in (labels, ~labels)]
    return float(weighted_auc(*sides)[0])


def margin_kept(auc: float, original: float) -> float:
    """The share of the originals' margin above chance that an AUC is left with; 1 where it lost nothing."""
    return (auc - 0.5) / max(original - 0.5, 1e-9)


def weighted_auc(positive: Sample, negative: Sample) -> np.ndarray:
    """The AUC of weighted samples, for many weightings of the same scores at once.

    A weight of k counts as k copies of the sample, so integer weights give the AUC of a resample. The scores are
    sorted once. The weight that each positive outranks is a sparse matrix, whose rows are the distinct scores of the
    positives and whose columns are units, times the weights: that costs one multiplication a sample and weighting.

    Returns (B,), unitless, 0 to 1, NaN where a class has no weight.
    """
    if len(positive.scores) > len(negative.scores):  # the rarer class makes the fewer rows
        return 1 - weighted_auc(negative, positive)
    levels, place = np.unique(positive.scores, return_inverse=True)
    at = _count(place, positive, len(levels))
    # A negative counts half where positives reach its score and half where they exceed it.
    ends = [np.searchsorted(levels, negative.scores, side=side) for side in ("left", "right")]
    newly_outranked = (sum(_count(end, negative, len(levels) + 1) for end in ends) / 2)[:-1]
    wins = np.empty(positive.weights.shape[1])
    for first in range(0, len(wins), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        outranked = newly_outranked @ np.ascontiguousarray(negative.weights[:, chunk])
        np.cumsum(outranked, axis=0, out=outranked)
        wins[chunk] = np.einsum("kb,kb->b", at @ np.ascontiguousarray(positive.weights[:, chunk]), outranked)
    with np.errstate(invalid="ignore", divide="ignore"):
        return wins / (positive.total() * negative.total())


def _count(rows: np.ndarray, sample: Sample, height: int) -> sparse.csr_array:
    """How many samples of each unit stand in each row. Shape: (height, units), in the type of the weights."""
    ones = np.ones(len(rows), sample.weights.dtype)
    return sparse.csr_array((ones, (rows, sample.units)), shape=(height, len(sample.weights)))
