"""A process that leaves a Ray cluster goes on."""

import os
import subprocess
import sys

import pytest

if not os.environ.get("PRIVBENCH_RAY_TEST"):
    pytest.skip("set PRIVBENCH_RAY_TEST=1, where ray is installed", allow_module_level=True)

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
