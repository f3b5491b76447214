"""What the promises of plugins and the traps of the self-test are tried on, and a leaderboard of made-up runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from contracts import forty_phantoms
from handed_in import DAY, STRONGER, hand_in, protocol_of, write_proven_run

from privbench.judging.contract.surroundings import Surroundings


@pytest.fixture(scope="session")
def around() -> Iterator[Surroundings]:
    with forty_phantoms() as made:
        yield made


@pytest.fixture(scope="session")
def proven_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs that were made up from their scores: of a method, of the same with one more attack, and an open one."""
    base = tmp_path_factory.mktemp("proven")
    write_proven_run(base / "ribs", 3.0, params={"width": 4})
    write_proven_run(
        base / "again", 3.5, params={"width": 4}, protocol=protocol_of(STRONGER), created="2025-04-01T12:00:00+00:00"
    )
    write_proven_run(base / "open", 1.0, name="blur", seed=1)
    return {one.name: one for one in base.iterdir()}


@pytest.fixture(scope="session")
def entries(proven_runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of their entries, in one leaderboard; tests copy it before they change it."""
    root = tmp_path_factory.mktemp("submissions") / "leaderboard"
    told = {"ribs": (DAY, {}), "again": (date(2025, 4, 2), {}), "open": (DAY, {"name": '"Blur"'})}
    return {name: hand_in([proven_runs[name]], root, day, **about)[0] for name, (day, about) in told.items()}


@pytest.fixture
def leaderboard(entries: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of that leaderboard, to be changed."""
    return shutil.copytree(entries["ribs"].parents[1], tmp_path / "leaderboard")
