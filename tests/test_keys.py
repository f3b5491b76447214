"""What makes a stage anew, and what lets it stand."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from privbench import Anonymizer, Dataset
from privbench.base.progress import Progress
from privbench.engine.display import Display
from privbench.engine.engine import Engine
from privbench.engine.executors.serial import Serial
from privbench.engine.node import Conditions, Nodes, with_parts
from privbench.engine.store import Store
from privbench.plugins.code import code_of
from privbench.plugins.registry import Registry
from privbench.record.run import read_run
from privbench.running.stage_names import DATA, VERSIONS, StageName

ROOT = Path(__file__).parents[1]
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
def command(checkout, tiny_protocol, tmp_path_factory):
    """Carries out a command on a run of the tiny protocol, with the sources of the checkout; its folder, its output."""
    store, out = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("runs") / "run"

    def start(*words):
        line = [
            sys.executable, "-m", "privbench", *words, "--anonymizer", "prichexy", "--protocol", str(tiny_protocol),
            "--store", str(store), "--out", str(out), "--overwrite", "--quiet", "--jobs", "1",
            "--set", "attacks.siamese=none", "--set", 'utilities.classification.modes=["retrained-release"]',
        ]  # fmt: skip
        wide = os.environ | {"COLUMNS": "200"}
        done = subprocess.run(line, cwd=checkout, capture_output=True, text=True, env=wide)
        assert done.returncode == 0, done.stderr
        return out, done.stdout

    return start


@pytest.fixture(scope="module")
def run(command):
    """Which stages of the run were found in the store."""
    return lambda: {stage.name: stage.cached for stage in read_run(command("run")[0]).stages}


@pytest.fixture(scope="module")
def plan(command):
    """Which stages of the run would be found there."""
    row = re.compile(r"^(\S+(?: \S+)*) {2,}(\d+) +(\d+)\b", re.MULTILINE)
    return lambda: {name: missing == "0" for name, _, missing in row.findall(command("plan", "run")[1])}


def edit(path):
    path.write_text(path.read_text() + "\n# another comment\n")


@pytest.mark.slow
def test_plots_and_commands_leave_every_stage_and_the_training_loop_none(checkout, run, plan):
    first = run()
    assert not any(first.values())
    for room in ("report", "cli", "judging", "sweeps", "engine/executors"):
        for path in (checkout / "privbench" / room).rglob("*.py"):
            edit(path)
    for module in ("engine", "todo", "costs", "outlook", "display"):
        edit(checkout / "privbench" / "engine" / f"{module}.py")
    edit(checkout / "privbench" / "evaluate" / "groups.py")
    again = run()
    assert again.keys() == first.keys()
    judged_anew = [name for name, cached in again.items() if not cached]
    assert judged_anew == ["figures"], "nothing is trained for pages and figures, whoever carries a stage out, and when"
    edit(checkout / "privbench" / "learning" / "training.py")
    there = plan()
    assert there.keys() == first.keys()
    assert {name for name in first if name.split()[0] in TRAINED} <= {name for name in there if not there[name]}
    assert there["data"], "no image is decoded again"


def test_no_stage_reaches_what_only_judges_and_shows():
    """By name, so that an import that would bring back the old trouble is told where it is made."""
    registry = Registry()
    plugins = [
        entry.plugin for kind in ("anonymizer", "attack", "utility", "dataset") for entry in registry.entries(kind)
    ]
    works = {
        path.stem
        for path in (ROOT / "privbench" / "running").glob("*.py")
        if "def __call__(self, reads: Reads" in path.read_text()
    }
    trained = {
        "guidance_stages", "release", "attack_stages", "membership", "utility_stages", "loading", "examples", "copies",
        "unpaired_stages",
    }  # fmt: skip
    assert works == trained | {"scored"}
    rooms = {
        "anonymizers", "attacks", "base", "data", "datasets", "engine", "learning", "metrics", "plugins", "protocols",
        "record", "running", "utilities",
    }  # fmt: skip
    for producing, reached in ((trained, rooms), (works, rooms | {"evaluate"})):
        code = code_of(["privbench.engine.job", *(f"privbench.running.{name}" for name in producing)], plugins)
        assert {name.split(".")[1] for name in code.modules if name.count(".") > 1} == reached
    of_engine = {name.split(".")[2] for name in code.modules if name.startswith("privbench.engine.")}
    assert of_engine == {"job", "manifest", "meter", "node", "store"}, "and not what only carries stages about"


@dataclass(frozen=True)
class Draw:
    """Writes what the stage's generators draw."""

    def __call__(self, reads, folder, ctx):
        (folder / "drawn.txt").write_text(str(np.round(ctx.numpy_generator("x").random(), 6)))
        (folder / "torch.txt").write_text(str(torch.rand(()).item()))


def engine_in(root):
    display = Display(Progress(quiet=True))
    return Engine(Store(root), Serial(display.tell), display)


@pytest.fixture
def make(tmp_path):
    """Makes a data stage and one that reads it, in a store of its own; returns both keys."""

    def keys(*, config=None, seed=0, precision="32-true", threads=1, data="1", plugins=(), number=0):
        nodes = Nodes(VERSIONS, Conditions(seed, "cpu", precision, threads))
        first = nodes.node(DATA, {"data": data}, [], Draw())
        second = nodes.node(StageName("attack", ("a",), number), config or {}, [first], Draw(), plugins)
        engine = engine_in(tmp_path)
        engine.make({"both": [second]})
        return engine.made[first].key, engine.made[second].key

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
    assert make(threads=2)[0] == data
    assert make(threads=2)[1] != attack, "the order in which threads add is seen in the last digits"
    monkeypatch.setitem(VERSIONS, "attack", f"after {VERSIONS['attack']}")
    assert make()[0] == data
    assert make()[1] != attack


def test_a_plugin_counts_with_what_it_hands_work_to():
    parts = {"one": {"dataset": "phantom"}, "two": {"dataset": "phantom"}}
    merged = Registry().create(Dataset, "merged", {"parts": parts})
    assert "privbench.datasets.phantom.lesions" not in code_of([], [type(merged)]).modules
    reached = code_of([], {type(one) for one in with_parts(merged)}).modules
    assert "privbench.datasets.phantom.lesions" in reached


def test_what_it_reads_counts_by_its_content(make):
    data, attack = make()
    other_data, same = make(data="2")
    assert other_data != data
    assert same == attack, "another way to the same files is no other input"


def test_names_seed_the_draws_and_numbers_tell_stages_apart(tmp_path):
    nodes = Nodes(VERSIONS, Conditions(0, "cpu", "32-true", 1))
    both = [nodes.node(StageName("attack", ("a",), number), {"number": number}, [], Draw()) for number in (0, 1)]
    engine = engine_in(tmp_path)
    engine.make({"both": both})
    drawn = {}
    for node in both:
        folder = engine.made[node].folder
        drawn[str(node.name)] = (folder / "drawn.txt").read_text(), (folder / "torch.txt").read_text()
    assert list(drawn) == ["attack a 0", "attack a 1"]
    assert drawn["attack a 0"][0] != drawn["attack a 1"][0]
    assert drawn["attack a 0"][1] != drawn["attack a 1"][1]
