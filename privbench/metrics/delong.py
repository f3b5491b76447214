"""DeLong's test of two correlated AUCs: only for samples that are independent of one another."""

from __future__ import annotations

import numpy as np
from scipy import stats

from .bootstrap import places


def delong_p_value(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """The two-sided p-value that two scores of the same samples have the same AUC (DeLong et al. 1988).

    It takes every sample for independent; where patients have several images, it must not be used.

    Shape: labels (n,), bool, two of each class at least; first and second (n,), the two scores.
    """
    labels = np.asarray(labels, bool)
    sides = [labels, ~labels]
    shares = [
        np.stack([places(sign * score[side], sign * score[~side]) for score in (first, second)])
        for side, sign in zip(sides, (1, -1), strict=True)
    ]
    difference = np.subtract(*shares[0].mean(1))
    variance = sum(np.var(np.subtract(*share), ddof=1) / share.shape[1] for share in shares)
    if variance == 0:
        return 1.0 if difference == 0 else 0.0
    return float(2 * stats.norm.sf(abs(difference) / np.sqrt(variance)))
