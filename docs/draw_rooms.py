"""Draws docs/images/rooms.svg from the import statements: `python docs/draw_rooms.py`, from a checkout.

A room stands above all rooms that it imports. An arrow is drawn where it is needed: what can be reached over another
room is not drawn again, so the arrows say which rooms stand directly on which.
"""

from __future__ import annotations

from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from privbench.base.code import imports_of

ROOT = Path(__file__).parents[1]
PLACES = {"privbench": "privbench", "anonymizers": "privbench.anonymizers", "attacks": "privbench.attacks"}
_WIDTH, _HEIGHT, _STEP = 1.5, 0.46, 1.0  # of a box, and from one floor to the next


def rooms() -> dict[str, list[str]]:
    """The modules of each room; `api` is a room of its own, the rest of the face is none."""
    found: dict[str, list[str]] = defaultdict(list)
    for folder, package in PLACES.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT / folder).with_suffix("").parts
            name = ".".join([package, *(part for part in parts if part != "__init__")])
            room = name.split(".")[1] if "." in name else name
            # Templates are what plugin authors start from, and no part of the house.
            if room not in ("privbench", "__main__", "interfaces") and "templates" not in parts:
                found[room].append(name)
    return dict(found)


def arrows(modules: dict[str, list[str]]) -> dict[str, set[str]]:
    """The rooms that each room imports, what only type checkers see included."""
    found: dict[str, set[str]] = {room: set() for room in modules}
    for room, names in modules.items():
        for name in names:
            own = (target for target in imports_of(name, for_types=True) if target.startswith("privbench."))
            targets = {target.split(".")[1] for target in own}
            found[room] |= (targets & found.keys()) - {room}
    return found


def reached(room: str, below: dict[str, set[str]]) -> set[str]:
    """All rooms that a room stands on, directly or over others."""
    return below[room].union(*(reached(other, below) for other in below[room]))


def floors(below: dict[str, set[str]]) -> dict[str, int]:
    """The floor of each room: plugins stand right above what they need, all others right below who needs them."""
    order = list(TopologicalSorter(below).static_order())  # the lowest first
    heights: dict[str, int] = {}
    for room in order:
        heights[room] = 1 + max((heights[other] for other in below[room]), default=-1)
    for room in reversed(order):
        if above := [heights[other] for other in below if room in below[other]]:
            heights[room] = min(above) - 1
    return heights


def draw(modules: dict[str, list[str]], path: Path) -> None:
    """Draws the rooms floor by floor, with the number of their modules."""
    below = arrows(modules)
    drawn = {
        room: {other for other in others if not any(other in reached(third, below) for third in others)}
        for room, others in below.items()
    }
    by_floor: dict[int, list[str]] = defaultdict(list)
    for room, floor in sorted(floors(below).items()):
        by_floor[floor].append(room)
    places = {}
    for floor, names in by_floor.items():
        # The room that stands on most is the trunk, in the middle; the others stand left and right of it.
        names.sort(key=lambda room: -len(reached(room, below)))
        for number, room in enumerate(names):
            places[room] = ((number + 1) // 2 * (-1) ** number * 2.0, floor * _STEP)
    left, right = (f(x for x, _ in places.values()) for f in (min, max))
    with matplotlib.rc_context({"svg.hashsalt": "privbench", "svg.fonttype": "none"}):
        figure = Figure(figsize=(0.72 * (right - left + 2), 0.72 * len(by_floor)), layout="constrained")
        axes = figure.subplots()
        for room, others in drawn.items():
            for other in sorted(others):
                _arrow(axes, places[room], places[other])
        for room, (x, y) in places.items():
            box = FancyBboxPatch(
                (x - _WIDTH / 2, y - _HEIGHT / 2), _WIDTH, _HEIGHT, boxstyle="round,pad=0.02,rounding_size=0.08",
                facecolor="#eef3fb", edgecolor="#1f5fbf", linewidth=1.0, zorder=2,
            )  # fmt: skip
            axes.add_patch(box)
            count = sum(not (ROOT / name.replace(".", "/") / "__init__.py").is_file() for name in modules[room])
            axes.text(x, y + 0.05, room, ha="center", va="center", fontsize=9, color="#1b1f24", weight="bold", zorder=3)
            axes.text(x, y - 0.14, f"{count} modules" if count > 1 else "1 module", ha="center", va="center",
                      fontsize=6, color="#5f6773", zorder=3)  # fmt: skip
        axes.set_xlim(left - 1, right + 1)
        axes.set_ylim(-0.4, max(by_floor) * _STEP + 0.4)
        axes.set_axis_off()
        figure.savefig(path, metadata={"Date": None}, facecolor="white")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    far = start[1] - end[1] > 1.5 * _STEP and start[0] == end[0]  # around the rooms between
    axes.annotate(
        "", (end[0], end[1] + _HEIGHT / 2 + 0.03), (start[0], start[1] - _HEIGHT / 2 - 0.03), zorder=1,
        arrowprops={"arrowstyle": "-|>", "color": "#5f6773", "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0,
                    "connectionstyle": "arc3,rad=0.35" if far else "arc3"},
    )  # fmt: skip


if __name__ == "__main__":
    draw(rooms(), ROOT / "docs" / "images" / "rooms.svg")
