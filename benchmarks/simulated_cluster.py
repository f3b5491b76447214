"""Plays Table 1 of the PriCheXy-Net paper on clusters of several sizes, without one (half a minute, most of it torch):

    python benchmarks/simulated_cluster.py --gpus 1 8 64

The graph is that of `privbench sweep table1` under the protocol `paper`, as the harness builds it before anything is
made; then the row `identity` trains one attack more than in the end. How long its stages take is assumed, see SECONDS.
A stage has a GPU to itself; where several share one, it gets better. Reading the store takes no time.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections import defaultdict
from pathlib import Path

from privbench.engine.node import Node, in_order, ways_of
from privbench.engine.outlook import lasting
from privbench.plugins.interfaces import Anonymizer
from privbench.running.setting import Setting
from privbench.sweeps.schema import load_sweep

IMAGES, TRAINED, TESTED = 112_120, 78_484, 22_424
"""Images of ChestX-ray14, and what 70 and 20 per cent of them are."""
STOPPED = 15
"""Epochs after which early stopping with patience 5 ends a training: assumed, the paper names none."""
STEP = {"classifier": 0.20, "verifier": 0.16, "generator": 0.12, "adversarial": 0.90}
"""Seconds a training step on one data-centre GPU in 32 bits: all four are assumed, and measured nowhere.

DenseNet-121 on 64 images of 224 px; two ResNet-50 branches on 32 pairs of 256 px; a U-Net on 64 images of 256 px; and
that U-Net, DenseNet and both branches in turns on 64 pairs.
"""
READ = 1500
"""Images a second through one network without its gradient: assumed."""

SECONDS = {
    # 30 ms to decode and shrink a PNG of 1024 px, on eight cores.
    "data": IMAGES * 0.03 / 8,
    # The protocol's batch of 64, over all training images.
    "classifier": STOPPED * TRAINED / 64 * STEP["classifier"],
    # The 792,294 pairs of the paper's 99.4 % verifier, 32 a step.
    "verifier": STOPPED * 792_294 / 32 * STEP["verifier"],
    # The paper's 200 epochs of reconstruction over all training images, then its 250 over 10,000 pairs, 64 a step.
    "anonymizer privacy-net": 200 * TRAINED / 64 * STEP["generator"] + 250 * 10_000 / 64 * STEP["adversarial"],
    # The same recipe: the paper trains both alike.
    "anonymizer prichexy": 200 * TRAINED / 64 * STEP["generator"] + 250 * 10_000 / 64 * STEP["adversarial"],
    # Nothing is trained.
    "anonymizer": 1,
    # Every image once through the anonymizer, and to disk.
    "release": IMAGES / READ,
    # The paper's 10,000 pairs, 32 a step.
    "attack": STOPPED * 10_000 / 32 * STEP["verifier"],
    # Probes and references of the test split once through a branch; as long again for pairs, ranks and files.
    "linkage": 4 * TESTED / READ,
    # 5,000 pairs of images, without a network.
    "linkage (floor)": 10,
    # The test split once through the classifier; as long again for files.
    "utility": 2 * TESTED / READ,
    # A handful of images and their picture.
    "examples": 5,
    # The protocol's 1,000 resamples of every figure, on a processor.
    "figures": 60,
}
"""Of a kind of stage; or of one of a plugin or a name, which comes first."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8, 64])
    gpus = sorted(parser.parse_args().gpus)
    seconds = {node: _assumed(node) for node in table1()}
    work, ways = sum(seconds.values()), ways_of(seconds)
    critical = max(ways.values())
    lasts = {count: lasting(seconds, count) for count in gpus}
    _check(lasts, work, critical, lasting(seconds, 1), lasting(seconds, len(seconds)))
    print(f"{len(seconds)} stages, {_hours(work)} of work:")
    for kind, those in _by_kind(seconds).items():
        print(f"  {len(those):4d} {kind}: {_hours(sum(those))}")
    print(f"critical path, {_hours(critical)}:")
    for node in longest(ways):
        print(f"  {_hours(seconds[node]):>8} {node.name} {node.config.get('plugin', '')}".rstrip())
    print(f"{'GPUs':>5} {'makespan':>9} {'speedup':>8} {'utilisation':>12}")
    for count, lasted in lasts.items():
        print(f"{count:5d} {_hours(lasted):>9} {work / lasted:8.1f} {work / lasted / count:12.0%}")
    enough = next(count for count in range(1, len(seconds) + 1) if math.isclose(lasting(seconds, count), critical))
    print(f"with {enough} GPUs or more the critical path alone decides")


def table1() -> list[Node]:
    """The stages of all rows, each once, whatever is read first."""
    with tempfile.TemporaryDirectory() as store:
        # A data set that needs no folder: the stages are those of any.
        setting = Setting(protocol="paper", dataset="phantom", store=Path(store), device="cpu")
        protocol, goals = setting.load(), []
        for row in load_sweep("table1").rows:
            method: Anonymizer = setting.anonymizer(row.anonymizer, row.params, protocol)
            goals += setting.pipeline(protocol, method).graph(None).nodes
    return in_order(goals)


def longest(ways: dict[Node, float]) -> list[Node]:
    """The nodes of the critical path; `ways` are the seconds from the beginning of each to the end."""
    path = [max(ways, key=lambda node: ways[node])]
    while readers := [node for node in ways if path[-1] in node.inputs]:
        path.append(max(readers, key=lambda node: ways[node]))
    return path


def _assumed(node: Node) -> float:
    names = [f"{node.name.kind} {node.config.get('plugin')}", str(node.name), node.name.kind]
    return next(SECONDS[name] for name in names if name in SECONDS)


def _by_kind(seconds: dict[Node, float]) -> dict[str, list[float]]:
    found = defaultdict(list)
    for node, one in seconds.items():
        found[node.name.kind].append(one)
    return dict(sorted(found.items(), key=lambda item: -sum(item[1])))


def _check(lasts: dict[int, float], work: float, critical: float, alone: float, unbounded: float) -> None:
    """What holds of every schedule that leaves no GPU idle without need."""
    assert math.isclose(alone, work)
    assert math.isclose(unbounded, critical)
    for count, lasted in lasts.items():
        assert max(critical, work / count) * (1 - 1e-9) <= lasted <= (work / count + critical) * (1 + 1e-9)
    by_gpus = list(lasts.values())
    assert by_gpus == sorted(by_gpus, reverse=True)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    main()
