"""Tries damaged and hostile run folders, protocols, tables and images while there is time, and tells what came of it.

    python benchmarks/fuzz.py RUN --seconds 600

RUN is a run folder that holds. A failure is told with what draws it again: `--only TARGET --seed SEED`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conftest import TINY
from fuzz import OVERRIDES, TARGETS, changed_toml, outcome, protocol_outcome
from fuzz_images import changed_images, image_outcome
from fuzz_tables import changed_tables, table_outcome, write_images

BATCH = 10  # examples a seed

Trial = Callable[[Callable[[str], None], Path], Callable[[], None]]


def trials(run: Path) -> dict[str, Trial]:
    """By target, what draws examples and reports the outcome of each."""

    def of_folder(name: str) -> Trial:
        def trial(told: Callable[[str], None], scratch: Path) -> Callable[[], None]:
            @given(TARGETS[name].change(run))
            def one(change: Callable[[Path], None]) -> None:
                told(outcome(TARGETS[name], change, run, scratch / "run"))

            return one

        return trial

    def of_protocols(told: Callable[[str], None], scratch: Path) -> Callable[[], None]:
        @given(changed_toml(TINY), st.lists(OVERRIDES, max_size=2))
        def one(text: str, overrides: list[str]) -> None:
            told(protocol_outcome(text, overrides, scratch / "changed.toml"))

        return one

    def of_tables(told: Callable[[str], None], scratch: Path) -> Callable[[], None]:
        if not (scratch / "data").exists():
            write_images(scratch / "data")

        @given(changed_tables())
        def one(change: tuple[list[list[str]], dict[str, list[str]], str]) -> None:
            told(table_outcome(change, scratch / "data", scratch / "stored"))

        return one

    def of_images(told: Callable[[str], None], scratch: Path) -> Callable[[], None]:
        @given(changed_images())
        def one(change: tuple[str, bytes]) -> None:
            told(image_outcome(change, scratch))

        return one

    others = {"protocols": of_protocols, "tables": of_tables, "images": of_images}
    return {name: of_folder(name) for name in TARGETS} | others


def main() -> None:
    """Prints counts by target and outcome; exit 1 where anything but PrivbenchError escaped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--only", help="one target")
    parser.add_argument("--seed", type=int, help="one seed alone")
    asked = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    every = {name: one for name, one in trials(asked.run).items() if asked.only in (None, name)}
    how = settings(
        max_examples=BATCH, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    end, number = time.monotonic() + asked.seconds, asked.seed or 0
    with tempfile.TemporaryDirectory() as scratch:
        while time.monotonic() < end:
            for name, trial in every.items():
                one = trial(lambda result, name=name: counts.update([(name, result)]), Path(scratch))
                try:
                    seed(number)(how(one))()
                # Whatever escapes is what is looked for.
                except Exception as error:  # noqa: BLE001
                    counts[name, "FAILED"] += 1
                    last = traceback.extract_tb(error.__traceback__)[-1]
                    where = f"{Path(last.filename).name}:{last.lineno}"
                    print(f"{name}, seed {number}: {type(error).__name__}: {str(error)[:200]!r} at {where}", flush=True)
                if time.monotonic() >= end:
                    break
            if asked.seed is not None:
                break
            number += 1
    for (name, result), count in sorted(counts.items()):
        print(f"{name:24} {result:8} {count:6}")
    if any(result == "FAILED" for _, result in counts):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
