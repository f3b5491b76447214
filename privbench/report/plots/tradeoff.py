"""The privacy–utility plot (PriCheXy-Net paper, Fig. 2), with intervals and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from ...base.errors import PrivbenchError
from ...judging.ranking import Board, Standing, on_front
from ...record.values import Interval
from ..notes import named_runs
from .canvas import legend_height, new_figure, save, with_legend
from .style import GUESS, MUTED, Series, plot_style, series_of, shortened

HEIGHT = 3.9  # inches, so that both axes are about as long
_TITLE_LINES = 0.35  # inches


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
        all_series = [series_of(named_runs(board)) for board in boards]
        heights = [HEIGHT + _TITLE_LINES + legend_height(series) for series in all_series]
        figure = new_figure(sum(heights))
        parts = figure.subfigures(len(boards), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part, board, series in zip(parts, boards, all_series, strict=True):
            axes = with_legend(part, HEIGHT + _TITLE_LINES, series).subplots()
            draw_tradeoff(axes, series, board.standings)
            first = board.records[0]
            data = first.protocol["data"]
            told_apart = f" ({board.fingerprint[:12]})" if len(boards) > 1 else ""
            title = f"{data['dataset']} {data['size']} px, {first.protocol['name']}{told_apart}"
            how = "dashed: the Pareto front; dotted: a guess; hollow: not proven"
            axes.set_title(f"{shortened(title, 70)}\n{how}", fontsize=8, loc="left")
        save(figure, path)


def draw_tradeoff(axes: Axes, series: Sequence[Series], standings: Sequence[Standing]) -> None:
    """One point a run; upwards is more private, rightwards more useful; better methods lie towards the top right."""
    records = [standing.entry.record for standing in standings]
    utilities = [record.utilities[0] for record in records]
    for one, record, utility in zip(series, records, utilities, strict=True):
        x, y = utility.mean_auc, record.judged.verification_auc
        across, along = utility.interval, record.judged.interval
        axes.plot([across.low, across.high], [y, y], color=one.color, linewidth=1.1, alpha=0.75)
        axes.plot([x, x], [along.low, along.high], color=one.color, linewidth=1.1, alpha=0.75)
        axes.plot([x], [y], linestyle="", gid=one.mark, zorder=3, **one.point)
    lowest = min(0.45, *(_low(record.judged.interval) for record in records))
    left = min(0.45, *(_low(utility.interval) for utility in utilities))
    axes.plot(*front_line(standings), color=MUTED, linewidth=1, linestyle=(0, (6, 3)), zorder=1, gid="front")
    axes.axhline(0.5, **GUESS)
    axes.axvline(0.5, **GUESS)
    axes.set(xlim=(left, 1), ylim=(1, lowest))
    axes.set_xlabel(f"mean AUC, {utilities[0].label} (more useful →)")
    axes.set_ylabel("worst-case verification AUC (more private ↑)")


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
