"""Stages on a Ray cluster: Ray's own for tests, of three nodes on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from threading import Thread

import pytest
from graphs import Fail, Mark, Say, Write, engine_on, job_of, node

from privbench.base.errors import PrivbenchError
from privbench.engine.costs import Cost
from privbench.engine.executors.choice import Means, open_executor

if not os.environ.get("PRIVBENCH_RAY_TEST"):
    pytest.skip("set PRIVBENCH_RAY_TEST=1, where ray is installed", allow_module_level=True)

import ray
from ray.cluster_utils import Cluster as RayCluster

from privbench.engine.executors import cluster as module


@pytest.fixture(scope="module")
def nodes():
    """Three nodes of one processor each."""
    found = RayCluster(initialize_head=True, head_node_args={"num_cpus": 1})
    for _ in range(2):
        found.add_node(num_cpus=1)
    yield found
    found.shutdown()


def connected(nodes, store, tell=lambda event: None):
    return open_executor(Means("ray", address=nodes.address), store, "cpu", 1, [Write], tell)


def test_a_graph_is_made_by_all_nodes_and_its_words_are_heard(nodes, tmp_path):
    marks, heard = tmp_path / "marks", []
    marks.mkdir()
    a, b = node("a"), node("b")
    c = node("c", None, a, b)
    store = tmp_path / "store"
    with connected(nodes, store, heard.append) as executor:
        assert executor.slots == 3
        engine = engine_on(executor, store)
        engine.make({"goal": [c, node("d", Say()), *(node(f"m{n}", Mark(marks, 1.0)) for n in range(3))]})
        for _ in range(100):
            if len(heard) >= 2:
                break
            time.sleep(0.05)
    assert (engine.made[c].folder / "text").read_text() == "abc"
    assert len({path.name.split("-")[1] for path in marks.iterdir()}) > 1
    assert {getattr(event, "title", None) or event.getMessage() for event in heard} == {"drawing", "a word of warning"}
    assert [path.name for path in store.iterdir() if path.name.startswith("token")] == []


def test_a_failure_is_told_as_it_was_meant(nodes, tmp_path):
    with (
        connected(nodes, tmp_path) as executor,
        pytest.raises(PrivbenchError, match=r"^It cannot be made: do something else\.$"),
    ):
        engine_on(executor, tmp_path).make({"goal": [node("a", Fail())]})


def test_a_machine_that_does_not_see_the_store_is_named(nodes, tmp_path, monkeypatch):
    def elsewhere(file):
        return module._Machine("far", None, module._versions(), None)

    monkeypatch.setattr(module, "_introduce", elsewhere)
    with pytest.raises(PrivbenchError, match=r"^far does not see the store .*: mount it there under the same path\.$"):
        connected(nodes, tmp_path)


def test_a_machine_with_other_versions_is_named(nodes, tmp_path, monkeypatch):
    def older(file):
        versions = module._versions() | {"torch": "1.0", "numpy": "1.1"}
        return module._Machine("old", file.read_text(), versions, None)

    monkeypatch.setattr(module, "_introduce", older)
    with pytest.raises(
        PrivbenchError, match=r"^old has torch 1\.0, numpy 1\.1: install torch .*, numpy .*, as here\.$"
    ):
        connected(nodes, tmp_path)


def test_where_there_is_no_cluster_it_is_said_how_to_get_one(tmp_path):
    with pytest.raises(PrivbenchError, match=r"There is no Ray cluster at 127\.0\.0\.1:1 .*start one with `ray start"):
        open_executor(Means("ray", address="127.0.0.1:1"), tmp_path, "cpu", 1, [], print)


def test_a_stage_asks_for_what_its_like_took(nodes, tmp_path):
    asked = []

    class Recorded:
        def options(self, **options):
            asked.append(options)
            return self

        def remote(self, *_):
            return ray.put(None)

    with connected(nodes, tmp_path) as executor:
        executor._carry_out = Recorded()
        everything = Cost(0, float("inf"), float("inf"))
        costs = ((None, Cost(1, 100)), (1000.0, Cost(1, 100, 250)), (1000.0, None), (1000.0, everything))
        for memory, cost in costs:
            executor._gpu_memory = memory
            executor.submit(job_of(node("a"), tmp_path), cost)
    assert [(one["num_cpus"], one.get("memory"), one.get("num_gpus")) for one in asked] == [
        (1, 100 * 2**20, None), (1, 100 * 2**20, 0.25), (1, None, 0.25), (1, int(0.9 * executor._machine_memory), 1.0),
    ]  # fmt: skip


def test_a_node_that_dies_costs_its_stages_which_are_made_elsewhere(nodes, tmp_path):
    lost = nodes.add_node(num_cpus=4)
    marks = tmp_path / "marks"
    marks.mkdir()
    with connected(nodes, tmp_path / "store") as executor:
        engine = engine_on(executor, tmp_path / "store")
        goals = [node(f"m{n}", Mark(marks, 4.0)) for n in range(6)]

        def pull():
            while len(list(marks.iterdir())) < 6:
                time.sleep(0.05)
            nodes.remove_node(lost, allow_graceful=False)

        puller = Thread(target=pull)
        puller.start()
        engine.make({"goal": goals})
        puller.join()
    assert len(engine.made) == 6
    assert len(list(marks.iterdir())) > 6, "some were begun twice"
    assert not list((tmp_path / "store" / "unfinished").iterdir())


LEAVING = """
import sys, time
from pathlib import Path
from threading import Event
from ray.cluster_utils import Cluster
from privbench.engine.executors.cluster import connect
from privbench.engine.foreign import Foreign

told = Event()

def tell(event):
    told.set()
    time.sleep(1)  # the cluster is left meanwhile

machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
with connect(machines.address, Path(sys.argv[1]), "cpu", 1, Foreign(), tell) as cluster:
    cluster._words.put("a word")
    assert told.wait(60)
time.sleep(2)
machines.shutdown()
print("left")
"""


def test_a_word_that_is_heard_while_the_cluster_is_left_does_not_end_the_process(tmp_path):
    left = subprocess.run([sys.executable, "-c", LEAVING, str(tmp_path)], capture_output=True, text=True)
    assert (left.returncode, left.stdout) == (0, "left\n"), left.stderr[-500:]
