"""What plots are drawn on: a figure with their legend below, and how it becomes a file."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.text import Text

from ...base.errors import PrivbenchError
from ...base.texts import printable
from .style import PAPER, Series, shortened

WIDTH = 4.8  # inches; small, so that letters stay readable where the page is as narrow as a telephone
LEGEND = "legend"
"""The id of the part of a plot that the page tells in words of its own."""
_LEGEND_LINE = 0.155  # inches
_NOT_PROVEN = " (not proven)"
_HALF_LINE = 34  # letters, where a legend has two columns
_TITLE_LINE = 0.2  # inches
_UNDATED = {"svg": {"Date": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}


@dataclass(frozen=True)
class Canvas:
    """A figure: plots above, and the legend of their series below. `height` is that of the plots alone, in inches.

    `lines` tells whether the series are curves or points.
    """

    whole: Figure
    plots: FigureBase
    height: float
    series: Sequence[Series]
    lines: bool


def new_canvas(height: float, series: Sequence[Series] = (), *, lines: bool = False, width: float = WIDTH) -> Canvas:
    """An empty figure, with plots of that height in inches and the legend of the series below."""
    figure = new_figure(height + legend_height(series), width)
    return Canvas(figure, with_legend(figure, height, series, lines=lines), height, series, lines)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure of that size in inches."""
    return Figure(figsize=(width, height), facecolor=PAPER, layout="constrained")


def legend_height(series: Sequence[Series]) -> float:
    """What the legend of the series needs, in inches."""
    if not series:
        return 0.0
    rows = -(-len(series) // _columns(series))
    lines = [1 + _label(one).count("\n") for one in series]
    return _LEGEND_LINE * max(sum(lines[:rows]), sum(lines[rows:])) + 0.12


def with_legend(figure: FigureBase, height: float, series: Sequence[Series], *, lines: bool = False) -> FigureBase:
    """The part of a figure that is left for plots, of that height in inches, above the legend of the series."""
    if not series:
        return figure
    parts = figure.subfigures(2, 1, height_ratios=(height, legend_height(series)), squeeze=False)
    plots, below = parts[:, 0]
    handles = [Line2D([], [], **(one.line if lines else one.point | {"linestyle": ""})) for one in series]
    labels = [_label(one) for one in series]
    legend = below.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(0, 0, 1, 1), ncols=_columns(series), mode="expand",
        frameon=False, fontsize=8, borderpad=0.1, labelspacing=0.25, handlelength=3 if lines else 1.5,
    )  # fmt: skip
    legend.set_gid(LEGEND)
    return plots


def _columns(series: Sequence[Series]) -> int:
    return 2 if all(len(one.name) <= _HALF_LINE for one in series) else 1


def _label(one: Series) -> str:
    # A label that begins with an underscore would be left out; a space in front of it is not seen.
    name = f" {shortened(one.name, 70)}"
    if one.certified:
        return name
    apart = len(one.name) <= _HALF_LINE < len(one.name) + len(_NOT_PROVEN)
    return name + ("\n" if apart else "") + _NOT_PROVEN


def add_title(canvas: Canvas, title: str) -> None:
    """Puts a title above plots that stand alone, as on a page their words do."""
    canvas.whole.set_figheight(canvas.whole.get_figheight() + _TITLE_LINE * (1 + title.count("\n")))
    canvas.whole.suptitle(title, fontsize=8.5)


def save(figure: Figure, path: Path, dpi: int = 200) -> None:
    """Writes the figure into a file, whose ending names the format.

    Raises PrivbenchError where it names none.
    """
    known, kind = FigureCanvasBase.get_supported_filetypes(), path.suffix.removeprefix(".")
    if kind not in known:
        raise PrivbenchError(
            f"{path} is no picture that can be drawn: end its name in one of {', '.join(sorted(known))}."
        )
    path.write_bytes(render(figure, kind, dpi))


def render(figure: Figure, kind: str, dpi: int = 200) -> bytes:
    """The figure as `svg`, `png` or another format of matplotlib; the same figure gives the same bytes."""
    for text in figure.findobj(Text):
        text.set_text("\n".join(map(printable, text.get_text().split("\n"))))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a run may be named in any script
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=_UNDATED.get(kind))
    return buffer.getvalue()
