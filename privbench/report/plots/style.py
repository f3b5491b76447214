"""How plots look, on paper and on a page that may be light or dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib

from ...base.texts import printable
from ..notes import Named

INK, MUTED, RULE, PAPER = "#1b1f24", "#5f6773", "#d5dae1", "#ffffff"
FADED = "#8d95a1"
"""What is surely beaten by something else."""
COLORS = ("#1f5fbf", "#b45309", "#1a7f4b", "#be1e5a", "#6d3fc0", "#0b7285", "#6b6b00", "#475569")
VARIABLES = {INK: "--ink", MUTED: "--muted", RULE: "--rule", PAPER: "--surface", FADED: "--faded"} | {
    color: f"--series-{number}" for number, color in enumerate(COLORS)
}
"""What the page's style sheet calls each colour, once for light and once for dark."""

_MARKERS = "osD^vP*X<>"
_DASHES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0, ()),
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2)),
    (0, (4, 1.2, 1.2, 1.2, 1.2, 1.2)),
    (0, (2.5, 2.5)),
)

GUESS: dict[str, Any] = {"color": MUTED, "linewidth": 0.9, "linestyle": ":"}
"""How the line is drawn where a guess would stand."""

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be edited, read aloud, and is small
    "svg.hashsalt": "privbench",
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}


@dataclass(frozen=True)
class Series:
    """A run as all plots of its board draw it: told apart by colour, marker and dashes.

    It is drawn hollow where it is not certified, and muted where it is dominated.
    """

    name: str
    number: int
    certified: bool
    dominated: bool = False

    @property
    def color(self) -> str:
        return FADED if self.dominated else COLORS[self.number % len(COLORS)]

    @property
    def marker(self) -> str:
        return _MARKERS[self.number % len(_MARKERS)]

    @property
    def dashes(self) -> tuple[float, tuple[float, ...]]:
        return _DASHES[self.number % len(_DASHES)]

    @property
    def mark(self) -> str:
        """The id of what stands for the run in a plot."""
        return f"run-{self.number}"

    @property
    def point(self) -> dict[str, Any]:
        """How matplotlib draws a point of it."""
        face = self.color if self.certified else PAPER
        return {"marker": self.marker, "color": self.color, "markerfacecolor": face, "markersize": 7}

    @property
    def line(self) -> dict[str, Any]:
        """How matplotlib draws a curve of it."""
        return {"color": self.color, "linestyle": self.dashes, "linewidth": 1.5}


def series_of(runs: Sequence[Named]) -> list[Series]:
    """How the runs of a board are drawn, in its order."""
    return [Series(name, number, run.certified) for number, (name, run) in enumerate(runs)]


def shortened(text: str, length: int) -> str:
    """The text as a plot can write it: printable, and cut off with an ellipsis where it is longer."""
    legible = printable(text)
    return legible if len(legible) <= length else f"{legible[: length - 1]}…"


@contextmanager
def plot_style() -> Iterator[None]:
    """Within it, figures are drawn and saved in the report's style."""
    with matplotlib.rc_context(_SETTINGS):
        yield
