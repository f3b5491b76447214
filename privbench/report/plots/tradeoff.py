"""The privacy–utility plot (PriCheXy-Net paper, Fig. 2), with intervals and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ...base.errors import PrivbenchError
from ...judging.ranking import Board, Standing, on_front
from ...record.values import Interval
from ..notes import named_runs
from .canvas import legend_height, new_figure, save, with_legend
from .curves import MethodCurve, are_joined, curves_of
from .labels import places_beside
from .style import GUESS, MUTED, plot_style, series_of, shortened

HEIGHT = 3.9  # inches, so that both axes are about as long
_TITLE_LINES = 0.35  # inches
_LETTERS = 6.5  # points of type


def write_tradeoffs(boards: Sequence[Board], path: Path) -> None:
    """Draws a plot for each fingerprint into a file, whose ending names the format.

    Raises PrivbenchError where the runs of a fingerprint have no utility, as of data without findings, or their privacy
    was not judged.
    """
    if unjudged := next((run for board in boards for run in board.records if run.unjudged is not None), None):
        raise PrivbenchError(f"{unjudged.unjudged_text} So there is no trade-off to draw: leave out --plot.")
    if not all(run.utilities for board in boards for run in board.records):
        raise PrivbenchError(
            "Of some of these runs no utility is known, as their data tell no findings, so there is no trade-off to "
            "draw: name others, or leave out --plot."
        )
    with plot_style():
        all_curves = [curves_of(series_of(named_runs(board)), board.standings) for board in boards]
        legends = [[curve.series for curve in curves] for curves in all_curves]
        heights = [HEIGHT + _TITLE_LINES + legend_height(legend) for legend in legends]
        figure = new_figure(sum(heights))
        parts = figure.subfigures(len(boards), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part, board, curves, legend in zip(parts, boards, all_curves, legends, strict=True):
            axes = with_legend(part, HEIGHT + _TITLE_LINES, legend).subplots()
            draw_tradeoff(axes, curves, board.standings)
            first = board.records[0]
            data = first.protocol["data"]
            told_apart = f" ({board.fingerprint[:12]})" if len(boards) > 1 else ""
            title = f"{data['dataset']} {data['size']} px, {first.protocol['name']}{told_apart}"
            how = "dashed: the Pareto front; dotted: a guess; hollow: not proven"
            if are_joined(curves):
                how = f"lines: a method from weak to strong; grey: surely beaten in both;\n{how}"
            axes.set_title(f"{shortened(title, 70)}\n{how}", fontsize=8, loc="left")
        save(figure, path)


def draw_tradeoff(axes: Axes, curves: Sequence[MethodCurve], standings: Sequence[Standing]) -> None:
    """One point a run; upwards is more private, rightwards more useful; better methods lie towards the top right.

    The settings of a method are joined, and where there is room their strengths stand beside them.
    """
    records = [standing.entry.record for standing in standings]
    utilities = [record.utilities[0] for record in records]
    _draw_around(axes, standings)  # first, because letters find their room between the ends of the axes
    joined = are_joined(curves)
    cross: dict[str, Any] = {"linewidth": 0.8, "alpha": 0.4} if joined else {"linewidth": 1.1, "alpha": 0.75}
    size = {"markersize": 5.5} if joined else {}
    for point in (point for curve in curves for point in curve.points):
        one, record, utility = point.series, records[point.place], utilities[point.place]
        x, y = _at(standings[point.place])
        across, along = utility.interval, record.judged.interval
        axes.plot([across.low, across.high], [y, y], color=one.color, **cross)
        axes.plot([x, x], [along.low, along.high], color=one.color, **cross)
        above = 2.5 if one.dominated else 3
        axes.plot([x], [y], linestyle="", gid=point.mark, zorder=above, **one.point | size)
    if joined:
        _join(axes, curves, standings)


def _draw_around(axes: Axes, standings: Sequence[Standing]) -> None:
    """What stands around the points: the Pareto front, where a guess would be, and the ends and names of the axes."""
    records = [standing.entry.record for standing in standings]
    utilities = [record.utilities[0] for record in records]
    lowest = min(0.45, *(_low(record.judged.interval) for record in records))
    left = min(0.45, *(_low(utility.interval) for utility in utilities))
    axes.set(xlim=(left, 1), ylim=(1, lowest))
    axes.plot(*front_line(standings), color=MUTED, linewidth=1, linestyle=(0, (6, 3)), zorder=1, gid="front")
    axes.axhline(0.5, **GUESS)
    axes.axvline(0.5, **GUESS)
    axes.set_xlabel(f"mean AUC, {utilities[0].label} (more useful →)")
    axes.set_ylabel("worst-case verification AUC (more private ↑)")


def _join(axes: Axes, curves: Sequence[MethodCurve], standings: Sequence[Standing]) -> None:
    """Draws a thin line through each method's points, and writes their strengths beside them, ends first."""
    for curve in (one for one in curves if len(one.points) > 1):
        x, y = zip(*(_at(standings[point.place]) for point in curve.points), strict=True)
        color = curve.series.color
        axes.plot(x, y, color=color, linewidth=0.9, alpha=0.8, zorder=2, gid=f"curve-{curve.series.number}")
    ends = [point for curve in curves for point in (curve.points[0], curve.points[-1])]
    points = list(dict.fromkeys([*ends, *(point for curve in curves for point in curve.points)]))
    points = sorted(points, key=lambda point: not point.strength)  # others are only in the way
    # The size is that before the layout, which is about the last one.
    corner, scale = axes.transAxes.transform((0, 0)), 72 / axes.figure.dpi

    def placed(place: int) -> tuple[float, float]:
        x, y = (axes.transData.transform(_at(standings[place])) - corner) * scale
        return float(x), float(y)

    width, height = (axes.transAxes.transform((1, 1)) - corner) * scale
    lines = [(placed(one.place), placed(other.place)) for curve in curves for one, other in pairwise(curve.points)]
    texts = [point.strength for point in points if point.strength]
    places = places_beside([placed(one.place) for one in points], texts, _LETTERS, (width, height), lines)
    for point, text, place in zip(points, texts, places, strict=False):
        if place is not None:
            color = MUTED if point.series.dominated else point.series.color  # letters need more contrast than a point
            axes.annotate(
                text, _at(standings[point.place]), place.move, textcoords="offset points", fontsize=_LETTERS,
                color=color, ha=place.across, va=place.along, zorder=4,
            ).set_in_layout(False)  # fmt: skip


def _at(standing: Standing) -> tuple[float, float]:
    record = standing.entry.record
    return record.utilities[0].mean_auc, record.judged.verification_auc


def front_line(standings: Sequence[Standing]) -> tuple[list[float], list[float]]:
    """The Pareto front as steps: utility and the worst-case AUC of the runs on it, certified ones alone."""
    ranked = [one.entry.record for one in standings if one.on_front is not None]
    attacked = np.array([run.judged.verification_auc for run in ranked])
    useful = np.array([run.utilities[0].mean_auc for run in ranked])
    kept = on_front(attacked, useful)
    front = sorted(zip(useful[kept].tolist(), attacked[kept].tolist(), strict=True))
    steps = [point for now, after in pairwise(front) for point in (now, (now[0], after[1]))] + front[-1:]
    return [x for x, _ in steps], [y for _, y in steps]


def _low(interval: Interval) -> float:
    return interval.low - 0.02
