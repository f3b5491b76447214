"""ROC and DET curves of verification: what an attacker gets right at every false match rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import norm

from ...metrics.verification import error_rates
from .style import GUESS, Series

_TICKS = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)
# Dense at both ends, where the DET plot looks closely.
_ENDS = np.logspace(-3.3, -0.7, 90)
FALSE_MATCH_RATES = np.unique(np.concatenate([[0.0, 1.0], _ENDS, 1 - _ENDS, np.linspace(0.01, 0.99, 120)]))
"""Where curves are drawn: a few hundred places, however many pairs there are."""


def false_non_match_rates(scores: pd.DataFrame) -> np.ndarray:
    """The false non-match rate at each of FALSE_MATCH_RATES, mean over the trainings (unitless, 0 to 1).

    `scores` has the columns seed, mated and score; both kinds of pairs are present. Between two thresholds the curve
    is a straight line, so that equal scores count half, as in the AUC.
    """
    curves = []
    for _, part in scores.groupby("seed"):
        false_match, false_non_match = error_rates(part["mated"].to_numpy(bool), part["score"].to_numpy(float))
        # Where the curve is vertical, its lower end is meant: the places are read a little to the right of it.
        rising = false_match + 1e-12 * np.arange(len(false_match))
        curves.append(np.interp(FALSE_MATCH_RATES + 1e-7, rising, false_non_match))
    return np.asarray(np.mean(curves, axis=0))


def draw_roc(axes: Axes, series: Sequence[Series], curves: Sequence[np.ndarray]) -> None:
    """The share of mates that are recognised by the share of strangers that are taken for mates."""
    for one, missed in zip(series, curves, strict=True):
        axes.plot(FALSE_MATCH_RATES, 1 - missed, gid=one.mark, **one.line)
    axes.plot([0, 1], [0, 1], **GUESS)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), box_aspect=1)
    axes.set_xlabel("false match rate")
    axes.set_ylabel("true match rate (less private ↑)")


def draw_det(axes: Axes, series: Sequence[Series], curves: Sequence[np.ndarray]) -> None:
    """Both error rates on probit scales, on which the scores of two normal distributions give a straight line."""
    ends = 1e-4, 1 - 1e-4
    for one, missed in zip(series, curves, strict=True):
        axes.plot(*(norm.ppf(np.clip(rate, *ends)) for rate in (FALSE_MATCH_RATES, missed)), gid=one.mark, **one.line)
    places = norm.ppf(_TICKS)
    axes.plot([places[0], places[-1]], [places[-1], places[0]], **GUESS)
    labels = [f"{100 * rate:g}" for rate in _TICKS]
    axes.set_xticks(places, labels)
    axes.set_yticks(places, labels)
    axes.set(xlim=(places[0], places[-1]), ylim=(places[0], places[-1]), box_aspect=1)
    axes.set_xlabel("false match rate, %")
    axes.set_ylabel("false non-match rate, % (less private ↓)")
