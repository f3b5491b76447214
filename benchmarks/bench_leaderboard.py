"""A leaderboard over a thousand runs, whole process: `pytest benchmarks/bench_leaderboard.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from records import estimate, finding, record

from privbench.record.estimates import write_estimates
from privbench.record.names import AUC, MEAN_AUC, FigureName, Subject, worst_case

RUNS = 1000


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of the default protocol's size: three attacks, fourteen findings, 1,000 resamples a figure."""
    folder, rng = tmp_path_factory.mktemp("runs"), np.random.default_rng(0)
    shared = rng.normal(0, 0.01, (2, 1000))
    for number in range(RUNS):
        privacy, utility = rng.uniform(0.5, 0.95), rng.uniform(0.5, 0.9)
        values = json.loads(record(f"method-{number}", privacy, utility).model_dump_json())
        values["utilities"][0]["findings"] = [
            json.loads(finding(f"finding {c}", utility).model_dump_json()) for c in range(14)
        ]
        values["attacks"].append(values["attacks"][1] | {"name": "correlation"})
        (folder / f"{number:04d}").mkdir()
        (folder / f"{number:04d}" / "run.json").write_text(json.dumps(values))
        own = rng.normal(0, 0.005, (2, 1000))
        utility_name = FigureName(Subject.UTILITY, "classification (frozen)", MEAN_AUC)
        told = {
            worst_case(AUC): estimate(privacy, shared[0] + own[0]),
            utility_name: estimate(utility, shared[1] + own[1]),
        }
        for c in range(14):
            told[utility_name._replace(metric=AUC, finding=f"finding {c}")] = estimate(utility, shared[1])
        write_estimates(told, folder / f"{number:04d}" / "estimates.safetensors")
    return folder


def test_leaderboard_of_a_thousand_runs(benchmark, thousand):
    command = [sys.executable, "-m", "privbench", "leaderboard", str(thousand), "--format", "csv"]

    def show() -> bytes:
        return subprocess.run(command, check=True, capture_output=True).stdout

    table = benchmark.pedantic(show, rounds=3, warmup_rounds=1)
    assert table.count(b"\n") == RUNS + 1
