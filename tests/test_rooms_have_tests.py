"""The test of a module lies where one looks for it: `privbench/ROOM/NAME.py`, `tests/ROOM/test_NAME.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
HOUSE = TESTS.parent / "privbench"
ROOMS = ("engine", "evaluate", "judging", "record", "running")


def modules(room: str) -> set[Path]:
    """The modules of a room and of its sub-rooms, from the house's door."""
    return {path.relative_to(HOUSE) for path in (HOUSE / room).rglob("*.py") if path.name != "__init__.py"}


def files(room: str) -> set[Path]:
    """The test files of a room and of its sub-rooms."""
    return {path.relative_to(TESTS) for path in (TESTS / room).rglob("test_*.py")}


def place_of(module: Path) -> Path:
    """Where one looks for a module's test."""
    return module.with_name(f"test_{module.name}")


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_has_its_test_where_one_looks_for_it(room):
    missing = sorted(f"privbench/{module}: tests/{place_of(module)}" for module in modules(room)
                     if place_of(module) not in files(room))  # fmt: skip
    assert not missing, f"{len(missing)} modules have no test of their own; write:\n" + "\n".join(missing)


@pytest.mark.parametrize("room", ROOMS)
def test_every_test_file_has_its_module(room):
    known = {place_of(module) for module in modules(room)}
    lost = sorted(f"tests/{path}" for path in files(room) - known)
    assert not lost, "these test no module of that name; move their tests to where one looks for them:\n" + "\n".join(
        lost
    )


def test_the_rooms_are_there():
    """A room that was renamed would pass with no module at all."""
    for room in ROOMS:
        assert len(modules(room)) > 5
