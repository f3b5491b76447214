"""Training curves: one small plot a training."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.ticker import MaxNLocator

from .canvas import Canvas, add_title, new_canvas, save
from .style import COLORS, PAPER, plot_style, shortened

_COLUMNS = 2


def write_training(curves: pd.DataFrame, path: Path) -> None:
    """Draws the curves into a file of their own."""
    with plot_style():
        canvas = draw_training(curves)
        add_title(canvas, "solid, filled: training images; dashed, hollow: validation images")
        save(canvas.whole, path, dpi=150)


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
        axes.set_title(shortened(title, 32), fontsize=7.5, loc="left")
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
