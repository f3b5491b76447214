"""Privacy against utility, with intervals and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from ...judging.ranking import Standing
from ...record.values import Interval
from ..tradeoff import front_line
from .style import GUESS, MUTED, Series


def draw_tradeoff(axes: Axes, series: Sequence[Series], standings: Sequence[Standing]) -> None:
    """One point a run; upwards is more private, rightwards more useful."""
    records = [standing.entry.record for standing in standings]
    for one, record in zip(series, records, strict=True):
        x, y = record.utility.mean_auc, record.worst_case.verification_auc
        across, along = record.utility.interval, record.worst_case.interval
        axes.plot([across.low, across.high], [y, y], color=one.color, linewidth=1.1, alpha=0.75)
        axes.plot([x, x], [along.low, along.high], color=one.color, linewidth=1.1, alpha=0.75)
        axes.plot([x], [y], linestyle="", gid=one.mark, zorder=3, **one.point)
    lowest = min(0.45, *(_low(record.worst_case.interval) for record in records))
    left = min(0.45, *(_low(record.utility.interval) for record in records))
    axes.plot(*front_line(standings), color=MUTED, linewidth=1, linestyle=(0, (6, 3)), zorder=1, gid="front")
    axes.axhline(0.5, **GUESS)
    axes.axvline(0.5, **GUESS)
    axes.set(xlim=(left, 1), ylim=(1, lowest))
    axes.set_xlabel(f"mean AUC, {records[0].utility.label} (more useful →)")
    axes.set_ylabel("worst-case verification AUC (more private ↑)")


def _low(interval: Interval) -> float:
    return interval.low - 0.02
