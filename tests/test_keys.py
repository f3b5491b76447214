"""What makes a stage anew, and what lets it stand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from privbench.running.stages import Stages

from privbench import Anonymizer, Dataset
from privbench.base.progress import Progress
from privbench.engine.store import Store
from privbench.learning.device import create_fabric
from privbench.plugins.code import code_of
from privbench.plugins.registry import Registry
from privbench.record.run import read_run
from privbench.running import stages as module
from privbench.running.stage_names import DATA, VERSIONS, StageName

ROOT = Path(__file__).parents[2]
TRAINED = ("classifier", "verifier", "anonymizer", "attack", "task")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the sources as they install, which a run from its folder's parent uses in place of this one."""
    folder = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "privbench", folder / "privbench", ignore=ignored)
    for plugins in ("anonymizers", "attacks"):
        shutil.copytree(ROOT / plugins, folder / "privbench" / plugins, ignore=ignored)
    return folder


@pytest.fixture(scope="module")
def run(checkout, tiny_protocol, tmp_path_factory):
    """Runs the tiny protocol with the sources of the checkout; tells which stages were found in the store."""
    store, out = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("runs") / "run"

    def start():
        command = [
            sys.executable, "-m", "privbench", "run", "--anonymizer", "prichexy", "--protocol", str(tiny_protocol),
            "--store", str(store), "--out", str(out), "--overwrite", "--quiet", "--workers", "1",
            "--set", "attacks.siamese=none", "--set", 'utilities.classification.modes=["retrained-release"]',
        ]  # fmt: skip
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, env=os.environ)
        assert done.returncode == 0, done.stderr
        return {stage.name: stage.cached for stage in read_run(out).stages}

    return start


def edit(path):
    path.write_text(path.read_text() + "\n# another comment\n")


def test_plots_and_commands_leave_every_stage_and_the_training_loop_none(checkout, run):
    first = run()
    assert not any(first.values())
    for room in ("report", "cli", "judging", "evaluate", "sweeps"):
        for path in (checkout / "privbench" / room).rglob("*.py"):
            edit(path)
    again = run()
    assert again.keys() == first.keys()
    assert all(again.values()), "figures are made of scores, and pages of figures: nothing is trained for them"
    edit(checkout / "privbench" / "learning" / "training.py")
    trained_anew = run()
    assert trained_anew.keys() == first.keys()
    made = {name for name, cached in trained_anew.items() if not cached}
    assert {name for name in first if name.split()[0] in TRAINED} <= made
    assert trained_anew["data"], "no image is decoded again"


def test_no_stage_reaches_what_only_judges_and_shows():
    """By name, so that an import that would bring back the old trouble is told where it is made."""
    registry = Registry()
    plugins = [
        entry.plugin for kind in ("anonymizer", "attack", "utility", "dataset") for entry in registry.entries(kind)
    ]
    producing = [
        path.stem for path in (ROOT / "privbench" / "running").glob("*.py") if "stages.make(" in path.read_text()
    ]
    assert {"guidance_stages", "release", "attack_stages", "utility_stages", "loading"} <= set(producing)
    reached = code_of([f"privbench.running.{name}" for name in [*producing, "stages"]], plugins).modules
    rooms = {name.split(".")[1] for name in reached if name.count(".") > 1}
    assert rooms == {
        "anonymizers", "attacks", "base", "data", "datasets", "learning", "metrics", "plugins", "protocols", "record",
        "running", "utilities",
    }  # fmt: skip


def produce(folder, ctx):
    (folder / "drawn.txt").write_text(str(np.round(ctx.numpy_generator("x").random(), 6)))
    (folder / "torch.txt").write_text(str(torch.rand(()).item()))


@pytest.fixture
def make(tmp_path):
    """Makes a data stage and one that reads it, in a store of its own; returns both keys."""

    def keys(*, config=None, seed=0, precision="32-true", data="1", plugins=(), number=0):
        stages = Stages(Store(tmp_path), create_fabric("cpu", precision), precision, seed, Progress(quiet=True))
        first = stages.make(DATA, {"data": data}, [], produce)
        return first.key, stages.make(StageName("attack", ("a",), number), config or {}, [DATA], produce, plugins).key

    return keys


def test_a_key_holds_what_can_change_the_output(make, monkeypatch):
    data, attack = make()
    assert make() == (data, attack)
    assert make(config={"x": 1}) != (data, attack)
    assert make(seed=1)[0] != data
    assert make(seed=1)[1] != attack
    own = {make(plugins=[Registry().create(Anonymizer, name, {})])[1] for name in ("dp-pix", "prichexy")}
    assert len(own - {attack}) == 2
    assert make(precision="bf16-mixed") == (data, make(precision="bf16-mixed")[1]), "data computes nothing"
    assert make(precision="bf16-mixed")[1] != attack
    monkeypatch.setitem(VERSIONS, "attack", "3")
    assert make()[0] == data
    assert make()[1] != attack


def test_a_plugin_counts_with_what_it_hands_work_to():
    parts = {"one": {"dataset": "phantom"}, "two": {"dataset": "phantom"}}
    merged = Registry().create(Dataset, "merged", {"parts": parts})
    assert "privbench.datasets.phantom.lesions" not in code_of([], [type(merged)]).modules
    reached = code_of([], {type(one) for one in module._with_parts(merged)}).modules
    assert "privbench.datasets.phantom.lesions" in reached


def test_what_it_reads_counts_by_its_content(make):
    data, attack = make()
    other_data, same = make(data="2")
    assert other_data != data
    assert same == attack, "another way to the same files is no other input"


def test_names_seed_the_draws_and_numbers_tell_stages_apart(tmp_path):
    stages = Stages(Store(tmp_path), create_fabric("cpu", "32-true"), "32-true", 0, Progress(quiet=True))
    drawn = {}
    for number in (0, 1):
        name = StageName("attack", ("a",), number)
        folder = stages.make(name, {"number": number}, [], produce).folder
        drawn[str(name)] = (folder / "drawn.txt").read_text(), (folder / "torch.txt").read_text()
    assert drawn["attack a 0"][0] != drawn["attack a 1"][0]
    assert drawn["attack a 0"][1] != drawn["attack a 1"][1]
    assert list(map(str, stages.made)) == ["attack a 0", "attack a 1"]
