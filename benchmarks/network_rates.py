"""How fast networks are: images a second, operations, and what a gradient keeps of an image."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from protocol_work import STOPS_AFTER, Sizes, protocol_work, totals

from privbench.plugins.interfaces import Anonymizer
from privbench.plugins.registry import Registry
from privbench.protocols.schema import Protocol, load_protocol
from privbench.sweeps.schema import load_sweep

MEASURED = ("paper", "standard")
"""The protocols whose networks are measured unless others are named."""


def networks(protocols: Sequence[Protocol]) -> dict[str, tuple[Any, int]]:
    """By name: every network of these protocols and Table 1's methods, and the pixels a side that it sees."""
    import timm
    from privbench.attacks.restorer import Restorer

    methods = {row.anonymizer for row in load_sweep("table1").rows}
    found: dict[str, tuple[Any, int]] = {}
    for protocol in protocols:
        size, registry = protocol.data.size, Registry()
        every = protocol_work(protocol, Sizes(8, 8, 8), methods, STOPS_AFTER)
        for name in totals(every):
            kind, side = name.rsplit("@", 1)
            if kind in protocol.anonymizers:
                made: Any = registry.create(Anonymizer, kind, protocol.anonymizers[kind]).generator
            elif kind.startswith("restorer"):
                made = Restorer(int(kind.removeprefix("restorer")))
            else:
                made = timm.create_model(kind, num_classes=128)
            found[name] = (made, int(side))
    assert size
    return found


def measure(
    device: str, precision: str, batch: int, threads: int, seconds: float, protocols: Sequence[str] = MEASURED
) -> dict[str, dict[str, float]]:
    """Images a second, and operations an image, of each network of these protocols: training and reading."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from privbench.learning.device import create_fabric

    torch.set_num_threads(threads)
    fabric, rates = create_fabric(device, precision), {}
    for name, (made, side) in networks(list(map(load_protocol, protocols))).items():
        network, optimizer = fabric.setup(made, torch.optim.Adam(made.parameters(), fused=True))
        channels = next(one.in_channels for one in made.modules() if isinstance(one, torch.nn.Conv2d))
        images = torch.rand(batch, channels, side, side, device=fabric.device)
        images = images.contiguous(memory_format=torch.channels_last)

        def step(network: Any = network, optimizer: Any = optimizer, images: Any = images) -> None:
            optimizer.zero_grad()
            fabric.backward(network(images).float().square().mean())
            optimizer.step()

        def read(network: Any = network, images: Any = images) -> None:
            with torch.no_grad():
                network(images)

        told: dict[str, float] = {"kept_mib": kept_mib(made, images)}
        for kind, work in (("train", step), ("read", read)):
            made.train(kind == "train")
            with FlopCounterMode(display=False) as counter:
                work()
            told[f"{kind}_flops"] = counter.get_total_flops() / batch
            told[kind] = batch / _seconds(work, fabric.device.type, seconds)
        rates[name] = {key: round(value, 3) for key, value in told.items()}
        print(name, rates[name], flush=True)
    return rates


def kept_mib(network: Any, images: Any) -> float:
    """What is kept for the gradient of an image more, in single precision. Shape: images (2 or more, C, H, W)."""
    import torch

    sizes: dict[int, int] = {}

    def keep(tensor: Any) -> Any:
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    def total(batch: Any) -> int:
        sizes.clear()
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = network.train()(batch).float().square().mean()
        del loss
        return sum(sizes.values())

    half = len(images) // 2
    return (total(images) - total(images[:half])) / (len(images) - half) / 2**20


def _seconds(work: Any, device: str, lasts: float) -> float:
    """Of the fastest of several steps: of the process on a processor, which other work may share; else of the clock."""
    import torch

    clock = time.process_time if device == "cpu" else time.perf_counter
    best, begun = float("inf"), clock()
    while clock() - begun < lasts:
        start = clock()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, clock() - start)
    return best
