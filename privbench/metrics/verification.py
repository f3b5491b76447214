"""Error rates of a verifier: what a threshold on its scores gets wrong (ISO/IEC 19795-1)."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import ConvexHull, QhullError


def error_rates(mated: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False match and false non-match rate at every threshold, from accepting nobody to accepting everybody.

    Shape: mated (n,), bool, both classes present; scores (n,). Returns two arrays of the same length, in [0, 1],
    the first rising from 0 to 1, the second falling from 1 to 0; equal scores are accepted together.
    """
    mated = np.asarray(mated, bool)
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    accepted = np.cumsum(mated[order])[ends], np.cumsum(~mated[order])[ends]
    false_matches = np.concatenate([[0.0], accepted[1] / (~mated).sum()])
    false_non_matches = np.concatenate([[1.0], 1 - accepted[0] / mated.sum()])
    return false_matches, false_non_matches


def equal_error_rate(mated: np.ndarray, scores: np.ndarray) -> float:
    """The equal error rate on the ROC's convex hull (unitless, 0 to 0.5).

    The hull is what an attacker reaches who may toss a coin between two thresholds; on it the two error rates meet
    in one point, whatever the ties (Provost & Fawcett 2001; Brümmer & de Villiers 2011, BOSARIS). A score that is
    worse than chance has the rate of chance, 0.5.

    Shape: mated (n,), bool, both classes present; scores (n,).
    """
    points = np.column_stack(error_rates(mated, scores))
    hull = _lower_hull(points)
    gap = hull[:, 1] - hull[:, 0]  # falls from 1 to -1
    after = int(np.argmax(gap <= 0))
    (x0, y0), (x1, y1) = hull[after - 1], hull[after]
    share = (y0 - x0) / ((y0 - x0) - (y1 - x1))
    return float(x0 + share * (x1 - x0))


def _lower_hull(points: np.ndarray) -> np.ndarray:
    """The lower convex hull of error rates, from (0, 1) to (1, 0). Shape: (n, 2) to (m, 2)."""
    corner = np.array([[1.0, 1.0]])  # makes the hull closed, and lies above every useful point
    useful = points[points.sum(1) < 1]
    ends = np.array([[0.0, 1.0], [1.0, 0.0]])
    if not len(useful):
        return ends
    candidates = np.unique(np.concatenate([ends, useful, corner]), axis=0)
    try:
        vertices = candidates[ConvexHull(candidates).vertices]
    except QhullError:  # so close to the diagonal that they lie on it
        return ends
    lower = vertices[(vertices != corner).any(1)]
    return lower[np.lexsort((-lower[:, 1], lower[:, 0]))]


def threshold_at_fmr(mated: np.ndarray, scores: np.ndarray, fmr: float) -> float | None:
    """The lowest threshold at which at most this share of the non-mated pairs is accepted.

    None where there are too few non-mated pairs (under 1 / fmr) for such a rate to be seen at all. A pair is
    accepted when its score reaches the threshold.

    Shape: mated (n,), bool; scores (n,).
    """
    strangers = np.sort(scores[~np.asarray(mated, bool)])
    if len(strangers) * fmr < 1:
        return None
    allowed = math.floor(len(strangers) * fmr + 1e-9)
    return float(np.nextafter(strangers[-allowed - 1], np.inf)) if allowed < len(strangers) else -math.inf


def rates_at(mated: np.ndarray, scores: np.ndarray, threshold: float) -> tuple[float, float]:
    """False match and false non-match rate at a threshold (unitless, 0 to 1)."""
    mated = np.asarray(mated, bool)
    accepted = scores >= threshold
    return float(accepted[~mated].mean()), float((~accepted[mated]).mean())
