"""Cumulative match curves: how often a patient is found among the k most similar images of a gallery."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from scipy.special import gammaln

from .style import GUESS, Series

_PLACES = 120


def ranks_of(strangers: int) -> np.ndarray:
    """The ranks at which curves are drawn: all of the first, then ever fewer, up to the last. Shape: (k,), int."""
    return np.unique(np.geomspace(1, max(strangers + 1, 2), _PLACES).round().astype(np.int64))


def match_rates(ranks: pd.DataFrame, at: np.ndarray) -> np.ndarray:
    """The share of probes with a mate among the k highest, for every k, mean over the trainings (0 to 1).

    `ranks` has the columns seed, probe and outranked_by, one row a probe and mate. Shape: at (k,), rising.
    """
    best = np.sort(ranks.groupby(["seed", "probe"])["outranked_by"].min().to_numpy())
    return np.searchsorted(best, at, side="left") / len(best)  # every training has the same probes


def guessed_rates(ranks: pd.DataFrame, at: np.ndarray) -> np.ndarray:
    """The same of somebody who puts the gallery in random order, in closed form (0 to 1).

    With m mates and s strangers, no mate is among the first k with probability C(s, k) / C(s + m, k).

    `ranks` has the columns seed, probe and strangers. Shape: at (k,).
    """
    probes = ranks[ranks["seed"] == ranks["seed"].iloc[0]].groupby("probe")["strangers"]
    strangers, mates = probes.first().to_numpy(float)[:, None], probes.size().to_numpy(float)[:, None]
    left = strangers - at

    def log_choose(total: np.ndarray, rest: np.ndarray) -> np.ndarray:  # but for k!, which cancels
        return np.asarray(gammaln(total + 1) - gammaln(np.maximum(rest, 0) + 1))

    missed = np.exp(log_choose(strangers, left) - log_choose(strangers + mates, left + mates))
    return 1 - np.where(left >= 0, missed, 0.0).mean(0)


def draw_cmc(
    axes: Axes, series: Sequence[Series], curves: Sequence[tuple[np.ndarray, np.ndarray]], guess: np.ndarray
) -> None:
    """The curves, ranks and rates of each, over a logarithmic scale of ranks; dotted is a guess at the last's ranks."""
    for one, (at, rates) in zip(series, curves, strict=True):
        axes.plot(at, rates, gid=one.mark, drawstyle="steps-post", **one.line)
    last = curves[-1][0]
    axes.plot(last, guess, **GUESS)
    axes.set_xscale("log")
    shown = [rank for rank in (1, 5, 10, 50, 100, 500, 1000, 5000, 10_000, 50_000) if rank <= last[-1]]
    axes.set_xticks(shown, [f"{rank:,}".replace(",", " ") for rank in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(1, last[-1]), ylim=(0, 1.005))
    axes.set_xlabel("rank k")
    axes.set_ylabel("patient among the k highest (less private ↑)")
