"""Where letters fit beside the points of a plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LETTER, LINE = 0.58, 1.0  # width and height of a letter, of its size
_GAP, _SLANT = 5.5, 3.5  # points of type from a point's centre to the letters beside it
_STEP = 1.0  # points of type
_FAR = 5.5  # points of type to another point, so that a text is not taken for that one's


class TextPlace(NamedTuple):
    """Where a text stands beside its point: by how much it is moved, and which of its edges is there."""

    move: tuple[float, float]
    across: str
    along: str


_PLACES = (  # slanting ones first: intervals go up and down and to the sides of a point
    *(TextPlace((x * _SLANT, y * _SLANT), "left" if x > 0 else "right", "bottom" if y > 0 else "top")
      for x, y in ((1, 1), (1, -1), (-1, 1), (-1, -1))),
    TextPlace((_GAP, 0), "left", "center"),
    TextPlace((-_GAP, 0), "right", "center"),
    TextPlace((0, _GAP), "center", "bottom"),
    TextPlace((0, -_GAP), "center", "top"),
)  # fmt: skip
_Box = tuple[float, float, float, float]
_Point = tuple[float, float]


def places_beside(
    points: Sequence[_Point], texts: Sequence[str], size: float, room: _Point, lines: Sequence[tuple[_Point, _Point]]
) -> list[TextPlace | None]:
    """A place for each text that is near no other point, covers no text before it, and as few lines as there can be.

    Args:
        points: where they are, from the lower left, in points of type, those with texts first.
        texts: in the order in which they are to find a place, which not all of them need do.
        size: of the letters, in points of type.
        room: width and height of what may be written on.
        lines: the ends of each, in points of type.
    """
    drawn = np.concatenate([np.linspace(*ends, _steps(*ends)) for ends in lines]) if lines else np.empty((0, 2))
    centres = np.array(points, float).reshape(-1, 2)
    near = np.hstack([centres - _FAR, centres + _FAR])
    taken: list[_Box] = []
    found: list[TextPlace | None] = []
    for number, ((x, y), text) in enumerate(zip(points, texts, strict=False)):
        full = np.concatenate([np.delete(near, number, axis=0), np.array(taken).reshape(-1, 4)])
        boxes = [(place, _box(x, y, place, size * LETTER * len(text), size * LINE)) for place in _PLACES]
        free = [(place, box) for place, box in boxes if _inside(box, room) and not _meets(box, full)]
        best = min(free, key=lambda one: _covered(one[1], drawn), default=None)
        found.append(None if best is None else best[0])
        taken += [] if best is None else [best[1]]
    return found


def _steps(start: _Point, end: _Point) -> int:
    return 2 + int(np.hypot(end[0] - start[0], end[1] - start[1]) / _STEP)


def _covered(box: _Box, drawn: np.ndarray) -> int:
    """How much of the lines lies in the box. Shape: drawn (n, 2)."""
    return int(((drawn >= box[:2]) & (drawn <= box[2:])).all(1).sum())


def _box(x: float, y: float, place: TextPlace, width: float, height: float) -> _Box:
    left = x + place.move[0] - {"left": 0.0, "center": width / 2, "right": width}[place.across]
    low = y + place.move[1] - {"bottom": 0.0, "center": height / 2, "top": height}[place.along]
    return left, low, left + width, low + height


def _inside(box: _Box, room: tuple[float, float]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= room[0] and box[3] <= room[1]


def _meets(box: _Box, others: np.ndarray) -> bool:
    """Whether the box shares room with any of the others. Shape: others (n, 4)."""
    return bool(((others[:, :2] < box[2:]) & (others[:, 2:] > box[:2])).all(1).any())
