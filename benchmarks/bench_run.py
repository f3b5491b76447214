"""How long the main job takes, and how much memory: `pytest benchmarks/bench_run.py` (about ten minutes).

Recorded, and asserted nowhere. Each run is a process of its own, as a user starts it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


def run(store: Path, out: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "privbench", "run", "--quiet", "--store", str(store), "--out", str(out)]
    subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    "arguments",
    [("--anonymizer", "prichexy", "--mu", "0.005"), ("--anonymizer", "dp-pix", "--b", "8")],
    ids=["cold: prichexy", "warm store: dp-pix"],
)
def test_run(benchmark, store, tmp_path, arguments):
    benchmark.pedantic(run, args=(store, tmp_path / "run", *arguments), rounds=1)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    benchmark.extra_info["peak memory so far, MiB"] = round(peak / 1024)
