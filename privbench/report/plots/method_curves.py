"""Privacy against utility of many methods: a curve a method, through what it does at each of its strengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from ...judging.ranking import Standing
from .style import Series
from .tradeoff import draw_around


@dataclass(frozen=True)
class MethodCurve:
    """A method and its runs in one table, from the least useful to the most."""

    series: Series
    standings: tuple[Standing, ...]

    def mark(self, number: int) -> str:
        """The id of what stands for one of its runs in a plot."""
        return f"{self.series.mark}-{number}"


def curves_of(runs: Sequence[tuple[str, Standing]]) -> list[MethodCurve]:
    """The curves of runs by their methods' names, sorted by these."""
    by_method: dict[str, list[Standing]] = {}
    for name, standing in runs:
        by_method.setdefault(name, []).append(standing)
    curves = []
    for number, (name, own) in enumerate(sorted(by_method.items())):
        proven = any(standing.entry.record.certified for standing in own)
        curves.append(MethodCurve(Series(name, number, proven), tuple(sorted(own, key=_usefulness))))
    return curves


def _usefulness(standing: Standing) -> tuple[float, float]:
    record = standing.entry.record
    return record.utilities[0].mean_auc, record.judged.verification_auc


def draw_method_curves(axes: Axes, curves: Sequence[MethodCurve]) -> None:
    """One point a run, as in the trade-off; those of a method that are proven are joined."""
    for curve in curves:
        proven = [_usefulness(one) for one in curve.standings if one.entry.record.certified]
        axes.plot(*zip(*proven, strict=True), gid=curve.series.mark, zorder=2, **curve.series.line) if proven else None
        for number, standing in enumerate(curve.standings):
            record = standing.entry.record
            x, y = _usefulness(standing)
            across, along = record.utilities[0].interval, record.judged.interval
            color = curve.series.color
            axes.plot([across.low, across.high], [y, y], color=color, linewidth=0.8, alpha=0.4)
            axes.plot([x, x], [along.low, along.high], color=color, linewidth=0.8, alpha=0.4)
            point = Series(curve.series.name, curve.series.number, record.certified).point | {"markersize": 6}
            axes.plot([x], [y], linestyle="", gid=curve.mark(number), zorder=3, **point)
    draw_around(axes, [standing for curve in curves for standing in curve.standings])
