"""The budget curve: privacy against the attacker's means."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.ticker import NullLocator

from .canvas import WIDTH, Canvas, add_title, new_canvas, save
from .style import COLORS, GUESS, PAPER, plot_style, shortened


def write_budget(frame: pd.DataFrame, title: str, path: Path) -> None:
    """Draws the curves into a file of their own."""
    with plot_style():
        canvas = draw_budget(frame)
        add_title(canvas, f"{shortened(title, 70)}\nvertical dotted line: the run's own budget")
        save(canvas.whole, path)


def draw_budget(frame: pd.DataFrame) -> Canvas:
    """One panel a kind of budget, with intervals; a hollow last point marks a curve that was still rising.

    `frame` has the columns axis, factor, amount, auc, low, high and unsaturated.
    """
    kinds = list(dict.fromkeys(frame["axis"]))
    canvas = new_canvas(2.3, width=max(WIDTH / 2, WIDTH * min(len(kinds), 3) / 3 + 0.6))
    panels = canvas.plots.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        curve = frame[frame["axis"] == kind].sort_values("amount")
        axes.fill_between(curve["amount"], curve["low"], curve["high"], color=COLORS[0], alpha=0.18, linewidth=0)
        axes.plot(curve["amount"], curve["auc"], color=COLORS[0], linewidth=1.4)
        for point in curve.itertuples():
            face = PAPER if point.unsaturated else COLORS[0]
            axes.plot([point.amount], [point.auc], "o", color=COLORS[0], markerfacecolor=face, markersize=5)
        if curve["unsaturated"].any():
            end = curve.iloc[-1]
            axes.annotate("still rising", (end["amount"], end["auc"]), (-6, 4), textcoords="offset points",
                          ha="right", fontsize=7)  # fmt: skip
        for own in curve.loc[curve["factor"] == 1, "amount"]:
            axes.axvline(own, **GUESS)
        axes.axhline(0.5, **GUESS)
        axes.set_xscale("log")
        amounts = curve["amount"].drop_duplicates()
        axes.set_xticks(amounts, [str(amount) for amount in amounts])
        axes.tick_params(labelsize=7.5)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(f"attacker's {shortened(str(kind), 20)}")
    panels[0].set_ylabel("verification AUC\n(less private ↑)")
    return canvas
