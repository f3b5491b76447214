"""Confidence intervals from resampled values, how few or unequal patients widen them, and many p-values at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

FEWEST = 2.0
"""Effective patients, under which there is no interval."""


def standard_error(jackknife: np.ndarray, counted_twice: float = 0.0) -> float:
    """The delete-one-patient jackknife's standard error (Efron & Stein 1981, equation 1.4).

    The jackknife sees what happens between two patients, such as the noise of a non-mated pair, from both of its ends,
    and so counts it twice; `counted_twice` is the sum of squares to take off (the correction for dyads of Fafchamps &
    Gubert 2007, equation 2.7). At the least a third remains, which is the share where all variation is between.

    Shape: jackknife (P,), NaN where leaving the patient out leaves no value. NaN where fewer than two values are left.
    """
    known = jackknife[~np.isnan(jackknife)]
    if len(known) < 2:
        return np.nan
    variance = (len(known) - 1) / len(known) * np.square(known - known.mean()).sum()
    return float(np.sqrt(max(variance - counted_twice, variance / 3)))


def stretched(resampled: np.ndarray, value: float, error: float) -> np.ndarray:
    """The resampled values, moved away from the value or towards it until their spread is the standard error.

    Products of draws count the noise of single pairs three times, and a heavy patient who is drawn twice does not
    weigh twice in a mean: the one makes the plain bootstrap too wide, the other too narrow (docs/statistics.md).
    Shape: (B,); NaN stays.
    """
    if np.isnan(error) or np.isnan(resampled).all():
        return resampled
    spread = np.nanstd(resampled)
    return value + (resampled - value) * (error / spread) if spread > 0 else resampled


def percentile(resampled: np.ndarray, confidence: float, effective: float = np.inf) -> tuple[float, float]:
    """The central interval of the resampled values, with the tails that so few patients need (Hesterberg 2015, 3.4).

    Shape: resampled (B,), without NaN; effective is a number of patients, at least two.
    """
    quantiles = _quantiles(confidence, effective)
    tails = stats.norm.cdf(quantiles)
    if tails[0] < 2 / len(resampled):  # further out than the resamples reach: as if they were normal
        low, high = resampled.mean() + quantiles * resampled.std()
    else:
        low, high = np.quantile(resampled, tails)
    return float(low), float(high)


def student_critical(critical: float, effective: float) -> float:
    """The critical value of Student's t whose tail is that of a normal one, with one degree less than patients.

    `effective` is their number, of which less than two count as two.
    """
    return float(stats.t.isf(stats.norm.sf(critical), max(effective - 1, 1)))


def at_the_bound(value: float, bounds: tuple[float, float], confidence: float, effective: float) -> tuple[float, float]:
    """The interval of a share that was never or always seen (Clopper & Pearson 1934), scaled to the bounds."""
    width = (bounds[1] - bounds[0]) * (1 - ((1 - confidence) / 2) ** (1 / effective))
    return (value, value + width) if value == bounds[0] else (value - width, value)


def clopper_pearson(share: float, trials: float, confidence: float) -> tuple[float, float]:
    """The exact interval of a share of independent trials (Clopper & Pearson 1934).

    Neither hits nor trials need be whole numbers: those of clustered samples are effective ones (Korn & Graubard 1998).
    Shares near an end, which resampled values hardly leave, keep the width that so many trials leave them.
    """
    tail, hits = (1 - confidence) / 2, share * trials
    low = stats.beta.ppf(tail, hits, trials - hits + 1) if hits > 0 else 0.0
    high = stats.beta.isf(tail, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)


def bca(
    resampled: np.ndarray, value: float, jackknife: np.ndarray, confidence: float, effective: float = np.inf
) -> tuple[float, float]:
    """The bias-corrected and accelerated interval (Efron 1987), with the same tails.

    Shape: resampled (B,), without NaN; jackknife (P,).
    """
    below = (np.mean(resampled < value) + np.mean(resampled <= value)) / 2
    bias = stats.norm.ppf(np.clip(below, 1 / len(resampled), 1 - 1 / len(resampled)))
    influence = np.nanmean(jackknife) - jackknife[~np.isnan(jackknife)]
    squares = np.square(influence).sum()
    acceleration = (influence**3).sum() / (6 * squares**1.5) if squares > 0 else 0.0
    moved = bias + _quantiles(confidence, effective)
    # Beyond its pole the formula turns over; what lies there is the end of the resamples.
    slope = np.maximum(1 - acceleration * moved, 1e-3)
    low, high = np.quantile(resampled, stats.norm.cdf(bias + moved / slope))
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, so that the chance of a single false alarm holds (Holm 1979)."""
    number = len(p_values)
    order = np.argsort(p_values, kind="stable")
    raised = [min(1.0, (number - place) * p_values[row]) for place, row in enumerate(order)]
    corrected = np.empty(number)
    corrected[order] = np.maximum.accumulate(raised) if number else []
    return [float(value) for value in corrected]


def _quantiles(confidence: float, effective: float) -> np.ndarray:
    """The lower and upper quantile of Student's t with one degree less than patients. Shape: (2,)."""
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    if np.isinf(effective):
        return np.asarray(stats.norm.ppf(tails))
    return np.asarray(stats.t.ppf(tails, effective - 1))
