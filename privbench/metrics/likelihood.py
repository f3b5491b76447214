"""Scores as evidence: the cost of log-likelihood ratios, and how linkable they make two images."""

from __future__ import annotations

import numpy as np
from sklearn.isotonic import IsotonicRegression

from .logistic import fit_logistic

_BINS_AT_MOST = 100


def calibrate(mated: np.ndarray, scores: np.ndarray, new_scores: np.ndarray) -> np.ndarray:
    """Natural log-likelihood ratios of new scores, by logistic regression on scores whose truth is known.

    Fit on validation pairs, both classes weighted alike (Brümmer & du Preez 2006), so that the prior drops out.
    Never falling: where the validation scores run the wrong way, all ratios are 0, which is what they are worth.

    Shape: mated (n,), bool, both classes present; scores (n,); new_scores (m,) to (m,).
    """
    spread = scores.std() or 1.0
    model = fit_logistic(((scores - scores.mean()) / spread)[:, None], np.asarray(mated, bool), inverse_penalty=1e6)
    if model.coef_[0, 0] <= 0:
        return np.zeros(len(new_scores))
    return model.decision_function(((new_scores - scores.mean()) / spread)[:, None])


def cllr(mated: np.ndarray, ratios: np.ndarray) -> float:
    """The log-likelihood-ratio cost, in bits (Brümmer & du Preez 2006): 0 perfect, 1 says nothing, above 1 misleads.

    Shape: mated (n,), bool, both classes present; ratios (n,), natural log-likelihood ratios.
    """
    mated = np.asarray(mated, bool)
    costs = np.logaddexp(0, -ratios[mated]).mean() + np.logaddexp(0, ratios[~mated]).mean()
    return float(costs / (2 * np.log(2)))


def min_cllr(mated: np.ndarray, scores: np.ndarray) -> float:
    """The lowest cost, in bits, that any rising map from scores to ratios reaches: what calibration cannot mend.

    By the pool-adjacent-violators algorithm (Brümmer & du Preez 2006).

    Shape: mated (n,), bool, both classes present; scores (n,).
    """
    mated = np.asarray(mated, bool)
    weights = np.where(mated, 0.5 / mated.sum(), 0.5 / (~mated).sum())  # both classes alike, so the prior drops out
    posterior = IsotonicRegression(y_min=0, y_max=1).fit_transform(scores, mated.astype(float), sample_weight=weights)
    with np.errstate(divide="ignore"):
        ratios = np.log(posterior) - np.log1p(-posterior)
    return cllr(mated, ratios)


def linkability(mated: np.ndarray, scores: np.ndarray, prior_ratio: float = 1.0) -> float:
    """D_sys, the global linkability of Gomez-Barrero et al. 2018 (IEEE TIFS 13(6), eqs. 5 to 7; unitless, 0 to 1).

    0: no score makes "same patient" more likely than before; 1: every mated score proves it. The densities are
    histograms with a bin for every ten mated scores, 100 at most, as in the authors' code; so few scores of an
    unlinkable system give a value somewhat above 0, never below it.

    Args:
        mated: shape (n,), bool, both classes present.
        scores: shape (n,).
        prior_ratio: P(mated) / P(non-mated), the paper's omega.
    """
    mated = np.asarray(mated, bool)
    low, high = float(scores.min()), float(scores.max())
    if low == high:
        return 0.0
    edges = np.linspace(low, high, min(_BINS_AT_MOST, max(2, int(mated.sum()) // 10)) + 1)
    same = np.histogram(scores[mated], edges)[0] / mated.sum()
    other = np.histogram(scores[~mated], edges)[0] / (~mated).sum()
    evidence = prior_ratio * same
    with np.errstate(invalid="ignore"):
        local = np.where(evidence > other, 2 * evidence / (evidence + other) - 1, 0.0)
    return float((same * local).sum())
