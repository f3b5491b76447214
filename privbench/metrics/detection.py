"""How well a finding is detected: average precision, the operating point, and how far probabilities can be trusted."""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse

from .bootstrap import Statistic

FEWEST_POSITIVES = 10
"""Images with a finding, and without it, below which its figures say too little to enter a mean."""

_CHUNK = 250  # weightings at a time, which bounds the memory
_BINS = 15


def average_precision(labels: np.ndarray, scores: np.ndarray, patient: np.ndarray) -> Statistic:
    """The mean precision at the score of each positive, equal scores taken together; chance is the share of positives.

    A step function below the precision-recall curve, without interpolation (Davis & Goadrich 2006 tell why); NaN where
    no positive has weight.

    Shape: labels (n,), bool; scores and patient (n,), rows of the weights; values (B,), 0 to 1.
    """
    levels, place = np.unique(scores[labels], return_inverse=True)
    height = len(levels)
    # From the highest level downwards; a negative counts from the first level on that its score reaches.
    reached = height - np.searchsorted(levels, scores[~labels], side="right")

    def statistic(weights: np.ndarray) -> np.ndarray:
        hits_at = _count(height - 1 - place, patient[labels], (height, len(weights)), weights.dtype)
        alarms_at = _count(reached, patient[~labels], (height + 1, len(weights)), weights.dtype)[:-1]
        values = np.empty(weights.shape[1])
        for first in range(0, len(values), _CHUNK):
            chunk = slice(first, first + _CHUNK)
            drawn = np.ascontiguousarray(weights[:, chunk])
            hits, called = hits_at @ drawn, alarms_at @ drawn
            found = np.cumsum(hits, axis=0)
            np.cumsum(called, axis=0, out=called)
            called += found
            # Above the first weight, nothing is called and nothing is found.
            precision = np.divide(found, called, out=found, where=called > 0)
            with np.errstate(invalid="ignore"):
                values[chunk] = (precision * hits).sum(0, dtype=np.float64) / hits.sum(0, dtype=np.float64)
        return values

    return statistic


def _count(rows: np.ndarray, patient: np.ndarray, shape: tuple[int, int], kind: np.dtype) -> sparse.csr_array:
    """How many samples of each patient stand in each row. Shape: rows and patient (n,)."""
    return sparse.csr_array((np.ones(len(rows), kind), (rows, patient)), shape=shape)


def threshold_at_specificity(labels: np.ndarray, scores: np.ndarray, specificity: float = 0.95) -> float | None:
    """The smallest threshold with at least this share of the negatives below it; None where there are no negatives.

    An image is called positive when its score reaches the threshold, so the share that lies below is the specificity.

    Shape: labels (n,), bool; scores (n,). `specificity` lies above 0 and is at most 1.
    """
    negatives = np.sort(scores[~labels].astype(np.float64))
    if not len(negatives):
        return None
    below = max(1, math.ceil(specificity * len(negatives) - 1e-9))
    return float(np.nextafter(negatives[below - 1], np.inf))


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The expected calibration error in 15 bins of equal width (Naeini et al. 2015, section 3; unitless, 0 to 1).

    How far the mean probability of a bin lies from the share of positives in it, averaged over the images.

    Shape: labels (n,), bool; probabilities (n,), in [0, 1].
    """
    told, places, width = probabilities.astype(np.float64), np.arange(_BINS + 1), 1 / _BINS
    edges = np.where(places <= _BINS // 2, places * width, 1 - width * (_BINS - places))  # as exact near 1 as near 0
    bins = np.searchsorted(edges, told, side="right") - 1  # the last holds what is exactly 1
    counts, positives, sums = (np.bincount(bins, weights, _BINS + 1) for weights in (None, labels.astype(float), told))
    filled = np.maximum(counts, 1)
    gaps = np.abs(positives / filled - sums / filled) * (counts / len(told))
    return float(gaps.reshape(4, -1).sum(0).sum())  # in torchmetrics' order, so that figures agree to the last bit
