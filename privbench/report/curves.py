"""Training curves: one small plot a training."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_COLUMNS = 3


def draw_curves(curves: pd.DataFrame, path: Path) -> None:
    """Draws the training and validation loss of every training by epoch.

    `curves` has the columns stage, training, epoch and the losses; a training that names the parts of its loss
    gets a line a part.
    """
    losses = [column for column in map(str, curves.columns) if column.startswith(("train_", "val_"))]
    trainings = list(curves.groupby(["stage", "training"], sort=False))
    lines = max(1, -(-len(trainings) // _COLUMNS))
    figure = Figure(figsize=(4.2 * _COLUMNS, 2.9 * lines), layout="constrained")
    axes = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for axis, ((stage, training), rows) in zip(axes, trainings, strict=False):
        for column in (c for c in losses if rows[c].notna().any()):
            style = "--" if column.startswith("val_") else "-"
            axis.plot(rows["epoch"] + 1, rows[column], style, marker=".", label=column.replace("_", " "))
        axis.set_title(str(training) if str(stage) in str(training) else f"{training} ({stage})", fontsize="medium")
        axis.set_xlabel("epoch")
        axis.set_ylabel("loss")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(fontsize="small")
    for axis in axes[len(trainings) :]:
        axis.set_visible(False)
    figure.savefig(path, dpi=110)
