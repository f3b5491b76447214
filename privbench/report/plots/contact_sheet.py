"""Originals, what was released, and the difference, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ...record.examples import Examples


def draw_contact_sheet(examples: Examples, title: str, path: Path) -> None:
    """Draws three rows: original, anonymized, anonymized minus original."""
    originals, released = examples.originals, examples.released
    difference = released.astype(np.int16) - originals
    # Differences of a slight anonymizer would be invisible on the whole scale, so the scale follows them.
    limit = max(1, int(np.percentile(np.abs(difference), 99.5)))
    rows = [
        ("original", originals, {"cmap": "gray", "vmin": 0, "vmax": 255}),
        ("anonymized", released, {"cmap": "gray", "vmin": 0, "vmax": 255}),
        ("difference", difference, {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}),
    ]
    count = len(originals)
    figure = Figure(figsize=(1.5 * count + 1.4, 5.2), layout="compressed")
    axes = figure.subplots(3, count, squeeze=False)
    for line, (label, images, style) in zip(axes, rows, strict=True):
        for axis, image in zip(line, images, strict=True):
            drawn = axis.imshow(image[0], interpolation="nearest", **style)
            axis.set_xticks([])
            axis.set_yticks([])
        line[0].set_ylabel(label)
    figure.colorbar(drawn, ax=axes[2, :], label="grey values", shrink=0.9)
    figure.suptitle(title)
    figure.savefig(path, dpi=110)
