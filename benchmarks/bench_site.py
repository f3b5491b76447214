"""A leaderboard of two hundred entries, verified and built, whole process: `pytest benchmarks/bench_site.py`.

The entries have the size of protocol `quick`: 440 test patients, 2,000 pairs a split, 1,000 resamples. Forty methods
have four strengths each, and were attacked again with one more attack, under a fingerprint of its own. The runs of five
methods are made up from scores; each is handed in by eight methods.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from handed_in import STRONGER, hand_in, hand_in_as, protocol_of, write_proven_run

from privbench.judging.attack_track import ListedRun
from privbench.judging.ranking import read_entry
from privbench.record.submission import FILE, read_submission
from privbench.report.site.build import build_site

DIFFERENT, METHODS, STRENGTHS = 5, 40, (0.5, 1.5, 2.0, 3.0)
SIZE = ["statistics.resamples=1000"]


@pytest.fixture(scope="module")
def leaderboard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred entries."""
    base = tmp_path_factory.mktemp("board")
    (base / "leaderboard").mkdir()
    for number in range(DIFFERENT):
        told = {"patients": 440, "pairs": 2000, "name": f"made-up-{number}", "seed": number}
        for place, strength in enumerate((*STRENGTHS, 2.5)):
            again = place == len(STRENGTHS)
            folder, protocol = base / f"{number}-{place}", protocol_of(*SIZE, *([STRONGER] if again else []))
            write_proven_run(folder, strength + 0.1 * number, 0.5 + 0.4 * place, protocol=protocol,
                             params={"strength": place}, **told)  # fmt: skip
            (entry,) = hand_in([folder], base / "few", name=f'"Made up {number}"')
            for method in range(number, METHODS, DIFFERENT):
                hand_in_as(entry, f"method-{method}", base / "leaderboard", strength=1 if again else place)
    return base / "leaderboard"


def test_every_entry_is_verified_and_the_pages_are_built(benchmark, leaderboard):
    """What CI does, from a new process on, on all cores."""
    command = [sys.executable, "-m", "privbench", "site", str(leaderboard)]

    def run() -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert "160 entries" in benchmark.pedantic(run, rounds=1)


def test_the_pages_alone_are_built(benchmark, leaderboard):
    """Of entries that were verified."""
    folders = sorted(file.parent for file in leaderboard.glob(f"*/*/{FILE}"))

    def build() -> int:
        listed = [ListedRun(one.relative_to(leaderboard).as_posix(), read_submission(one), read_entry(one))
                  for one in folders]  # fmt: skip
        build_site(listed, leaderboard / "site")
        return len(listed)

    assert benchmark.pedantic(build, rounds=3) == METHODS * (len(STRENGTHS) + 1)
    assert len(list((leaderboard / "site" / "methods").glob("*.html"))) == METHODS
