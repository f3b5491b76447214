"""The trade-off of a table as its page shows it: a curve a method."""

from __future__ import annotations

from collections.abc import Sequence

from ...judging.ranking import Standing
from ..page.plotter import Plot, Plotter, figures_of
from ..page.svg import Mark
from ..plots.canvas import new_canvas
from ..plots.method_curves import curves_of, draw_method_curves
from ..plots.style import plot_style
from ..plots.tradeoff import HEIGHT


def method_curves(plotter: Plotter, runs: Sequence[tuple[str, Standing]], slug: str) -> Plot:
    """Privacy against utility of the runs of a table, by the names of their methods."""
    curves = curves_of(runs)
    marks = {curve.series.mark: Mark(curve.series.name, "a curve") for curve in curves}
    for curve in curves:
        for number, standing in enumerate(curve.standings):
            told = f"{standing.entry.record.label}; {figures_of(standing)}"
            marks[curve.mark(number)] = Mark(curve.series.name, told, focusable=True)
    with plot_style():
        series = [curve.series for curve in curves]
        canvas = new_canvas(HEIGHT, series)
        draw_method_curves(canvas.plots.subplots(), curves)
        return plotter.publish(
            canvas, f"{slug}-curves", "Privacy against utility",
            "One curve a method, one point an entry, with intervals: worst-case verification AUC against the mean AUC "
            "of findings. All figures stand in the table below.",
            "Better methods lie towards the top right. Dashed: the Pareto front of the point estimates of certified "
            "entries; dotted: a guess; hollow: not proven, so its place says nothing, and no curve goes through it.",
            marks,
        )  # fmt: skip
