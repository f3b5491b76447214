import pandas as pd
import pytest

PLUGIN = """
from pathlib import Path
import hashlib
from pydantic import Field
from privbench import Anonymizer, Params
class TonedParams(Params):
    tone_file: Path | None = Field(None, exclude=True, description="holds a grey value")
class Toned(Anonymizer):
    \"\"\"Mixes every image with a grey value from a file, where there is one.\"\"\"
    name = "toned"
    deterministic = True
    Params = TonedParams
    def inputs(self):
        file = self.params.tone_file
        return {} if file is None else {"tone": hashlib.sha256(file.read_bytes()).hexdigest()}
    def anonymize(self, images, generator):
        file = self.params.tone_file
        return images if file is None else images / 2 + float(file.read_text()) / 2
"""
ATTACK = ["--attack", "correlation", "--scenario", "informed"]


@pytest.mark.slow
def test_it_writes_a_table_and_a_plot(privbench, tiny_protocol, store, tmp_path):
    run = ["--protocol", tiny_protocol, "--store", store, "--out", tmp_path / "run", "--quiet"]
    assert privbench("run", *run).code == 0
    attack = ["--attack", "siamese", "--scenario", "paper"]
    done = privbench("budget", tmp_path / "run", "--store", store, *attack)
    assert done.code == 0, done.err
    assert "identity, siamese (paper)" in done.out
    table = pd.read_csv(tmp_path / "run" / "budget" / "budget.csv")
    assert table.groupby("axis").size().to_dict() == {"patients": 4, "images": 4, "epochs": 4}
    assert (tmp_path / "run" / "budget" / "budget.png").exists()
    for path in (tmp_path / "run").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert privbench("run", *run).code == 0
    assert len(list((tmp_path / "run" / "budget").iterdir())) == 3, "the same run again keeps it"
    (tmp_path / "run" / "budget" / "budget.csv").write_text("mine")
    kept = privbench("budget", tmp_path / "run", "--store", store, *attack)
    assert (kept.code, "was written, budget.csv changed: move that away" in kept.err) == (2, True), kept.err
    assert (tmp_path / "run" / "budget" / "budget.csv").read_text() == "mine"
    wrong = privbench("budget", tmp_path / "run", "--scenario", "informd")
    assert (wrong.code, "did you mean 'informed'" in wrong.err) == (2, True)


@pytest.fixture
def toned(privbench, tiny_protocol, store, tmp_path):
    """Runs the method with the file of a grey value; returns the plugin, the file and what `run` answered."""
    plugin, file = tmp_path / "toned.py", tmp_path / "tone.txt"
    plugin.write_text(PLUGIN)
    file.write_text("0.25")
    few = [
        "--set", "attacks.siamese=none", "--set", "attacks.contrastive=none",
        "--set", 'utilities.classification.modes=["frozen"]',
    ]  # fmt: skip
    common = ["--anonymizer", "toned", "--plugin", plugin, "--protocol", tiny_protocol, "--store", store, "--quiet"]
    done = privbench("run", *common, *few, "--tone-file", file, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    return plugin, file


def test_a_file_of_the_anonymizer_is_asked_for_and_taken(privbench, toned, store, tmp_path):
    plugin, file = toned
    budget = ["budget", tmp_path / "run", "--plugin", plugin, "--store", store, *ATTACK]
    asked = privbench(*budget)
    assert asked.code == 2
    assert "The run of toned was given --tone-file, and no record tells where that lies: give it again." in asked.err
    moved = tmp_path / "elsewhere.txt"
    file.rename(moved)
    told = privbench(*budget, "--tone-file", moved)
    assert told.code == 0, told.err
    moved.write_text("0.75")
    other = privbench(*budget, "--tone-file", moved)
    assert (other.code, "was made by another version" in other.err) == (2, True), "it is not the run's file"


def test_what_differs_is_named(privbench, toned, store, tmp_path):
    plugin, file = toned
    budget = ["budget", tmp_path / "run", "--plugin", plugin, "--store", store, "--tone-file", file, *ATTACK]
    other = privbench(*budget, "--set", "statistics.resamples=200")
    assert other.code == 2
    assert "of its data (protocol.statistics.resamples: 100 / 200): run it again" in other.err
