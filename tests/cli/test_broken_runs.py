"""A run that cannot be read is named, keeps nobody from the others, and never passes."""

import json
import shutil
from pathlib import Path

import pytest
from report_runs import write_run

HISTORY = Path(__file__).parents[1] / "record" / "history"


@pytest.fixture
def runs(tmp_path):
    """Two runs, and one whose estimates were changed."""
    for name, privacy in (("a", 0.6), ("b", 0.8), ("c", 0.7)):
        write_run(tmp_path / "runs" / name, name, privacy, examples=False)
    file = tmp_path / "runs" / "b" / "estimates.safetensors"
    file.write_bytes(file.read_bytes() + b" ")
    return tmp_path / "runs"


@pytest.mark.parametrize("format", ["terminal", "csv"])
def test_a_leaderboard_shows_the_others(privbench, runs, format):
    answer = privbench("leaderboard", runs, "--format", format)
    assert answer.code == 2
    assert f"left out: {runs}/b/estimates.safetensors was changed after the run" in answer.err
    assert "0.6" in answer.out
    assert "0.7" in answer.out
    assert "0.8" not in answer.out.replace("0.85", "")


def test_utility_shows_the_others(privbench, runs):
    values = json.loads((runs / "b/run.json").read_text())
    (runs / "b/run.json").write_text(json.dumps(values | {"surplus": 1}))
    answer = privbench("utility", runs, "--format", "csv")
    assert (answer.code, answer.out.count("classification,frozen,mean")) == (2, 2)
    assert f"left out: {runs}/b/run.json is no run" in answer.err


def test_a_report_shows_the_others(privbench, runs, tmp_path):
    answer = privbench("report", runs, "--out", tmp_path / "report")
    assert answer.code == 2
    assert "left out: " in answer.err
    assert "2 runs." in (tmp_path / "report/index.html").read_text(encoding="utf-8")


def test_two_cannot_be_compared_where_one_is_broken(privbench, runs):
    answer = privbench("compare", runs / "a", runs / "b")
    assert (answer.code, answer.out) == (2, "")
    assert "was changed after the run" in answer.err


def test_nothing_that_can_be_read_is_a_mistake(privbench, runs):
    answer = privbench("leaderboard", runs / "b")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")


def test_a_broken_run_makes_no_baseline_and_passes_no_gate(privbench, runs, tmp_path):
    baseline = tmp_path / "baseline.json"
    assert privbench("baseline", runs, "-o", baseline).code == 2
    assert privbench("baseline", runs / "a", "-o", baseline).code == 0
    assert privbench("check", runs / "a", "--baseline", baseline, "--patients", 2).code == 0
    shutil.copy(runs / "b/estimates.safetensors", runs / "a")
    answer = privbench("check", runs / "a", "--baseline", baseline, "--patients", 2)
    assert answer.code == 2
    assert "cannot judge" in answer.out
    assert "a/estimates.safetensors was changed after the run" in answer.out


def test_what_cannot_be_verified_was_not_tampered_with(privbench, runs, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "old").mkdir()
    shutil.copy(HISTORY / "run-schema-6.json", tmp_path / "old" / "run.json")
    for folder in (tmp_path / "none", tmp_path / "empty", tmp_path / "old"):
        answer = privbench("verify", folder)
        assert answer.code == 2
        assert f"{folder} cannot be verified: " in answer.out
    assert (
        "it holds neither run.json of a run nor manifest.json of a release"
        in privbench("verify", tmp_path / "none").out
    )
    assert privbench("verify", runs / "b").code == 1
    answer = privbench("verify", tmp_path / "none", runs / "b")
    assert answer.code == 1
    assert f"{runs}/b: " in answer.out
