"""`privbench anonymize`: from a run, or a method's name, to a release that `privbench verify` lets pass."""

import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def line(tmp_path, monkeypatch):
    """What every command begins with; keys lie beside a store of this test's own."""
    monkeypatch.setenv("PRIVBENCH_STORE", str(tmp_path / "cache" / "store"))
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (48, 64), np.uint8)
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{number}.png")
    return ["anonymize", tmp_path / "in", tmp_path / "out", "--jobs", "1", "--device", "cpu"]


def test_a_run_becomes_a_release(privbench, line, finished, tmp_path):
    done = privbench(*line, "--run", finished.folder)
    assert done.code == 0, done.err
    assert "3 images were anonymized by prichexy mu=0.05, at their own size and depth" in done.out
    assert "the run is not certified: prichexy mu=0.05" in done.out
    assert "the attacks saw images of 32 pixels" in done.out
    assert "a new key was made: " in done.err.replace("\n", " ")
    assert privbench("verify", tmp_path / "out").out.endswith("everything holds (files against manifest.json)")
    assert (tmp_path / "cache" / "store-release.key").stat().st_mode & 0o777 == 0o600
    assert {Image.open(path).size for path in (tmp_path / "out").glob("*.png")} == {(64, 48)}
    next((tmp_path / "out").glob("*.png")).unlink()
    broken = privbench("verify", tmp_path / "out")
    assert (broken.code, "is missing" in broken.out) == (1, True)
    again = privbench(*line, "--run", finished.folder)
    assert (again.code, "holds a finished release" in again.err) == (2, True)


def test_a_run_may_be_named_by_its_record(privbench, line, finished):
    assert privbench(*line, "--run", finished.folder / "run.json", "--dry-run").code == 0


def test_what_repaints_is_written_at_its_size_where_that_is_asked_for(privbench, line, tmp_path):
    line = [*line, "--anonymizer", "dp-pix", "--size", "32", "--b", "4", "--fit", "pad"]
    refused = privbench(*line)
    assert (refused.code, "add --at-trained-size" in refused.err) == (2, True)
    done = privbench(*line, "--at-trained-size")
    assert (done.code, "as 8-bit PNG of 32 x 32 pixels" in done.out) == (0, True)
    assert "no run stands for this method" in done.out
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (told["anonymizer"]["params"]["b"], told["fit"], told["at_trained_size"]) == (4, "pad", True)


def test_what_is_left_out_is_told_with_status_3(privbench, line, tmp_path):
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    (tmp_path / "in" / "labels.csv").touch()
    line = [*line, "--anonymizer", "identity", "--size", "32"]
    dry = privbench(*line, "--dry-run")
    assert dry.code == 3
    assert "3 images would be anonymized by identity" in dry.out
    assert not (tmp_path / "out").exists()
    done = privbench(*line, "--quiet")
    assert done.code == 3
    assert "broken.png cannot be read" in done.err
    assert "1 other files are no images and were left out, such as" in done.out
    assert "1 images could not be anonymized" in done.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "either --run with a run folder, or --anonymizer"),
        (["--run", "a", "--anonymizer", "identity"], "either --run with a run folder, or --anonymizer"),
        (["--anonymizer", "identity"], "--anonymizer needs --size"),
        (["--run", "a", "--size", "32"], "--size does not go with --run"),
        (["--run", "a", "--mu", "1"], "--mu does not go with --run"),
        (["--run", "a"], "a is no run folder"),
        (["--anonymizer", "identiti", "--size", "32"], "did you mean 'identity'"),
        (["--anonymizer", "identity", "--size", "32", "--mu", "1"], "There is no option --mu"),
        (["--anonymizer", "prichexy", "--size", "32"], "prichexy has to learn first"),
        (["--anonymizer", "prichexy", "--size", "32", "--weights", "gone"], "There is no file of weights gone"),
    ],
)
def test_mistakes_are_told(privbench, line, options, told, tmp_path):
    done = privbench(*line, *options)
    assert (done.code, told in done.err) == (2, True), done.err
    assert not (tmp_path / "out").exists()


def test_help_shows_the_methods_own_defaults(privbench):
    """Not what a protocol sets, which this command does not read."""
    shown = privbench("anonymize", "--help", "--anonymizer", "prichexy").out
    assert "--weights-file" in shown
    assert "in protocol" not in shown
