"""Pictures of what is odd in a data set, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ...base.texts import printable
from .canvas import save
from .style import PAPER, shortened

_ACROSS = 8
_INCHES, _TITLE = 1.7, 0.35  # of a picture, and of the line above each group


def draw_odd_images(pictures: Mapping[str, Sequence[tuple[str, np.ndarray]]], path: Path) -> None:
    """Draws names and images in rows below what is odd of them. Shape: (H, H), uint8, each.

    Raises PrivbenchError where the file's name ends in no format of pictures.
    """
    rows = {kind: -(-len(some) // _ACROSS) for kind, some in pictures.items()}
    heights = [number * (_INCHES + 0.2) + _TITLE for number in rows.values()] or [_TITLE]
    figure = Figure(figsize=(_ACROSS * _INCHES, sum(heights)), facecolor=PAPER)
    top = sum(heights)
    for (kind, some), height in zip(pictures.items(), heights, strict=False):
        figure.text(0.005, (top - _TITLE / 2) / sum(heights), f"{kind} ({len(some)} shown)", va="center", weight="bold")
        for place, (name, image) in enumerate(some):
            down, across = divmod(place, _ACROSS)
            bottom = top - _TITLE - (down + 1) * (_INCHES + 0.2)
            axes = figure.add_axes(
                (across / _ACROSS, bottom / sum(heights), 0.96 / _ACROSS, 0.96 * _INCHES / sum(heights))
            )
            axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(shortened(printable(name), 24), fontsize=7, pad=2)
        top -= height
    save(figure, path, dpi=100)
