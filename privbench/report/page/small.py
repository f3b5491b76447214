"""Small plots side by side: budget curves and training curves."""

from __future__ import annotations

import pandas as pd
from matplotlib.ticker import MaxNLocator, NullLocator

from .style import COLORS, GUESS, PAPER, WIDTH, Canvas, new_canvas, shortened

_COLUMNS = 2


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
        for own in curve.loc[curve["factor"] == 1, "amount"]:
            axes.axvline(own, **GUESS)
        axes.axhline(0.5, **GUESS)
        axes.set_xscale("log")
        amounts = curve["amount"].drop_duplicates()
        axes.set_xticks(amounts, [str(amount) for amount in amounts])
        axes.tick_params(labelsize=7.5)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(f"attacker's {shortened(str(kind), 20)}")
    panels[0].set_ylabel("verification AUC")
    return canvas


def draw_training(curves: pd.DataFrame) -> Canvas:
    """The losses of every training by epoch; those on validation images are dashed.

    `curves` has the columns stage, training, epoch and the losses; a training that names the parts of its loss gets a
    line a part.
    """
    losses = [column for column in map(str, curves.columns) if column.startswith(("train_", "val_"))]
    trainings = list(curves.groupby(["stage", "training"], sort=False))
    lines = max(1, -(-len(trainings) // _COLUMNS))
    canvas = new_canvas(1.55 * lines)
    panels = canvas.plots.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for axes, ((stage, training), rows) in zip(panels, trainings, strict=False):
        parts = list(dict.fromkeys(column.partition("_")[2] for column in losses if rows[column].notna().any()))
        for number, part in enumerate(parts):
            color, size = COLORS[number % len(COLORS)], 3 if len(rows) < 30 else 0
            for kind, style, face in (("train", "o-", color), ("val", "o--", PAPER)):
                column = f"{kind}_{part}"
                if column in losses and rows[column].notna().any():
                    (line,) = axes.plot(rows["epoch"] + 1, rows[column], style, color=color, linewidth=1.2)
                    line.set(markersize=size, markerfacecolor=face, markeredgewidth=0.8)
                    line.set_label(f" {shortened(part, 24)}" if kind == "train" else "_")
        title = _title(str(stage), str(training))
        axes.set_title(shortened(title, 36), fontsize=7.5, loc="left")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.set_xlim(rows["epoch"].min() + 0.8, rows["epoch"].max() + 1.2)
        if rows["epoch"].nunique() == 1:  # a scale of one integer would be filled up with fractions
            axes.set_xticks([int(rows["epoch"].iloc[0]) + 1])
        axes.tick_params(labelsize=7.5)
        axes.yaxis.get_offset_text().set_fontsize(7)
        if len(parts) > 1:  # else the line is the loss, and dashes are told below
            axes.legend(fontsize=6.5, frameon=False, handlelength=1.8)
    for axes in panels[len(trainings) :]:
        axes.set_visible(False)
    canvas.plots.supxlabel("epoch", fontsize=8.5)
    canvas.plots.supylabel("loss", fontsize=8.5)
    return canvas


def _title(stage: str, training: str) -> str:
    """Names both, and neither twice."""
    if stage in training:
        return training
    return stage if training in stage else f"{training} ({stage})"
