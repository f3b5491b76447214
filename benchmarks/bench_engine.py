"""What a stage costs beside its work: `pytest benchmarks/bench_engine.py` (two minutes).

A graph of 2,000 stages that do nothing, in layers of which each stage reads two of the layer before. Printed and
recorded is what one stage adds to the wall clock, once the processes that carry stages out have begun. As a script it
prints the same, and with --profile where the time of this process goes:

    python benchmarks/bench_engine.py local --profile
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from privbench.base.progress import Progress
from privbench.engine.display import Display
from privbench.engine.engine import Engine
from privbench.engine.events import Tell
from privbench.engine.executors.interface import Executor
from privbench.engine.executors.local import Local
from privbench.engine.executors.serial import Serial
from privbench.engine.foreign import Foreign, ForeignModule
from privbench.engine.node import Conditions, Node, Reads, StageName
from privbench.engine.resources import Resources
from privbench.engine.store import Store
from privbench.learning.context import Context

LAYERS, WIDTH = 100, 20
EXECUTORS = ("serial", "local", "ray")
_CONDITIONS = Conditions(seed=0, device="cpu", precision="32-true", threads=1)
_SELF = Foreign(modules=(ForeignModule(__name__, __file__, Path(__file__).read_bytes()),))
"""This file, for processes that do not find it."""


@dataclass(frozen=True)
class Nothing:
    """The work of a stage that does nothing but write a file of a few bytes."""

    text: str

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        (folder / "text").write_text(self.text, encoding="utf-8")


def layered(layers: int, width: int) -> list[Node]:
    """The last layer of the graph."""
    before: list[Node] = []
    for layer in range(layers):
        before = [
            _node(f"{layer} {place}", [before[place], before[(place + 1) % width]] if before else [])
            for place in range(width)
        ]
    return before


def _node(of: str, inputs: list[Node]) -> Node:
    return Node(StageName("nothing", (of,)), "1", {"of": of}, tuple(inputs), Nothing(of), _CONDITIONS)


@contextmanager
def opened(name: str, store: Path) -> Iterator[Engine]:
    """An engine whose processes have begun: each has made a stage."""
    display = Display(Progress(quiet=True))
    with _executor(name, store, display.tell) as executor:
        engine = Engine(Store(store), executor, display)
        engine.make({"begin": [_node(f"begin {place}", []) for place in range(4 * executor.slots)]})
        yield engine


@contextmanager
def _executor(name: str, store: Path, tell: Tell) -> Iterator[Executor]:
    """Serial, two local processes, or a Ray cluster of three machines with a core each, which all are this one."""
    if name == "serial":
        yield Serial(tell)
    elif name == "local":
        with Local(2, Resources(memory=2**20), _SELF, tell) as local:
            yield local
    else:
        from ray.cluster_utils import Cluster

        from privbench.engine.executors.cluster import connect

        machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        try:
            for _ in range(2):
                machines.add_node(num_cpus=1)
            with connect(machines.address, store, "cpu", 1, _SELF, tell) as cluster:
                yield cluster
        finally:
            machines.shutdown()


@pytest.mark.parametrize("name", EXECUTORS)
def test_stages_that_do_nothing(benchmark, name, tmp_path):
    with opened(name, tmp_path) as engine:
        benchmark.pedantic(engine.make, args=({"all": layered(LAYERS, WIDTH)},), rounds=1)
    each = benchmark.stats.stats.mean / (LAYERS * WIDTH)
    benchmark.extra_info["milliseconds a stage"] = round(1000 * each, 2)
    print(f"\n{name}: {1000 * each:.1f} ms a stage")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executors", nargs="*", choices=[*EXECUTORS, []], help="all, where none is named")
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--profile", action="store_true", help="where the time of the main process goes")
    told = parser.parse_args()
    for name in told.executors or EXECUTORS:
        with tempfile.TemporaryDirectory() as scratch, opened(name, Path(scratch)) as engine:
            goals, profile = {"all": layered(told.layers, told.width)}, cProfile.Profile()
            begun, used = time.perf_counter(), time.process_time()
            if told.profile:
                profile.runcall(engine.make, goals)
            else:
                engine.make(goals)
            each = (time.perf_counter() - begun) / (told.layers * told.width)
            here = (time.process_time() - used) / (told.layers * told.width)
        print(f"{name}: {1000 * each:.1f} ms a stage, {1000 * here:.1f} ms of the main process", flush=True)
        if told.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
