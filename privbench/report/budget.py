"""The budget curve: privacy against the attacker's means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ..judging.budget import Point, unsaturated


def as_frame(points: Sequence[Point]) -> pd.DataFrame:
    """One row a point; `unsaturated` marks the end of a curve that was still rising."""
    rising = set(unsaturated(points))
    frame = pd.DataFrame([asdict(point) for point in points])
    last = frame.groupby("axis", sort=False)["factor"].transform("max") == frame["factor"]
    return frame.assign(unsaturated=last & frame["axis"].isin(rising))


def draw_budget(points: Sequence[Point], title: str, path: Path) -> None:
    """One panel a kind of budget, with intervals; a hollow last point marks a curve that was still rising."""
    frame = as_frame(points)
    axes_of_budget = list(dict.fromkeys(frame["axis"]))
    figure = Figure(figsize=(3.7 * len(axes_of_budget), 3.6), layout="constrained")
    panels = figure.subplots(1, len(axes_of_budget), sharey=True, squeeze=False)[0]
    for panel, axis in zip(panels, axes_of_budget, strict=True):
        curve = frame[frame["axis"] == axis]
        panel.fill_between(curve["amount"], curve["low"], curve["high"], alpha=0.2, linewidth=0)
        panel.plot(curve["amount"], curve["auc"], "-", color="C0")
        for point in curve.itertuples():
            face = "white" if point.unsaturated else "C0"
            panel.plot(point.amount, point.auc, "o", color="C0", markerfacecolor=face, markersize=7)
        if curve["unsaturated"].any():
            end = curve.iloc[-1]
            panel.annotate(
                "still rising", (end["amount"], end["auc"]), (-6, -16), textcoords="offset points", ha="right"
            )
        panel.axvline(
            float(curve.loc[curve["factor"] == 1, "amount"].iloc[0]), color="0.6", linewidth=0.8, linestyle=":"
        )
        panel.axhline(0.5, color="0.6", linewidth=0.8, linestyle=":")
        panel.set_xscale("log")
        panel.set_xticks(curve["amount"], [str(amount) for amount in curve["amount"]])
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_xlabel(f"attacker's {axis}")
        panel.grid(alpha=0.25)
    panels[0].set_ylabel("verification AUC (less private ↑)")
    figure.suptitle(f"{title}; dotted: the run's own budget", fontsize=10)
    figure.savefig(path, dpi=130)
