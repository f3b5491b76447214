"""Logistic regression, as attacks and calibration fit it."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression


def fit_logistic(
    points: np.ndarray, positive: np.ndarray, *, balanced: bool = True, inverse_penalty: float = 1.0
) -> LogisticRegression:
    """The fitted model. Its penalty is L2, the weaker the larger `inverse_penalty` is (scikit-learn's C).

    Shape: points (n, F), best of unit variance; positive (n,), bool, both classes present, weighing alike if balanced.
    """
    model = LogisticRegression(class_weight="balanced" if balanced else None, C=inverse_penalty, max_iter=1000)
    return model.fit(points, positive)
