"""The area under the receiver operating characteristic, plain and under weights."""

from __future__ import annotations

import numpy as np

_CHUNK_BYTES = 64 * 2**20


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """The probability that a positive scores above a negative, ties counting half (Mann–Whitney U; unitless, 0 to 1).

    Shape: labels (n,), bool or 0/1; scores (n,), float. NaN where one of the two classes is absent.
    """
    return float(weighted_auc(labels, scores, np.ones((1, len(labels))))[0])


def weighted_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The AUC of weighted samples, for many weightings of the same scores at once.

    A weight of k counts as k copies of the sample, so integer weights give the AUC of a resample. The scores are
    sorted once for all weightings.

    Shape: labels (n,), scores (n,), weights (B, n), not negative; returns (B,), unitless, 0 to 1, NaN where a
    class has no weight.
    """
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    positive = np.asarray(labels, bool)[order]
    result = np.empty(len(weights))
    rows = max(1, _CHUNK_BYTES // (8 * max(1, len(scores))))
    for first in range(0, len(weights), rows):
        chunk = weights[first : first + rows, order].astype(np.float64)
        positives = np.add.reduceat(chunk * positive, starts, axis=1)
        negatives = np.add.reduceat(chunk * ~positive, starts, axis=1)
        below = np.cumsum(negatives, axis=1) - negatives / 2
        wins = np.einsum("bn,bn->b", positives, below)
        with np.errstate(invalid="ignore", divide="ignore"):
            result[first : first + rows] = wins / (positives.sum(1) * negatives.sum(1))
    return result
