"""The trade-off of a table as its page shows it: a curve a method."""

from __future__ import annotations

from collections.abc import Sequence

from ...judging.ranking import Standing
from ..page.plotter import Plot, Plotter, figures_of
from ..page.svg import Mark
from ..plots.canvas import new_canvas
from ..plots.style import Series, plot_style
from ..plots.tradeoff import HEIGHT, draw_tradeoff, legend_of


def method_curves(plotter: Plotter, runs: Sequence[tuple[str, Standing]], slug: str) -> Plot:
    """Privacy against utility of the runs of a table, by the names of their methods."""
    names, standings = zip(*runs, strict=True)
    series = [Series(name, number, one.entry.record.certified) for number, (name, one) in enumerate(runs)]
    marks = {
        own.mark: Mark(own.name, f"{one.entry.record.label}; {figures_of(one)}", focusable=True)
        for own, one in zip(series, standings, strict=True)
    }
    with plot_style():
        canvas = new_canvas(HEIGHT, legend_of(series, standings, names))
        draw_tradeoff(canvas.plots.subplots(), series, standings, names)
        return plotter.publish(
            canvas, f"{slug}-curves", "Privacy against utility",
            "One curve a method, one point an entry, with intervals: worst-case verification AUC against the mean AUC "
            "of findings. All figures stand in the table below.",
            "Better methods lie towards the top right. Dashed: the Pareto front of the point estimates of certified "
            "entries; dotted: a guess; hollow: not proven, so its place says nothing; grey: another entry is surely "
            "better in both.",
            marks,
        )  # fmt: skip
