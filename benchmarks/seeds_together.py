"""Several trainings of one network that differ by their seeds alone, on one device: in which way they take the least.

One after the other; in processes of their own, as privbench's engine makes stages; on streams of one process; and
stacked, where one network of grouped kernels (torch.func) holds the weights of all. What is trained is the siamese
attack on pairs that lie on the device.
"""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from privbench.learning.device import create_fabric, deterministic
from privbench.learning.generators import global_seed, torch_generator
from privbench.learning.networks import Verifier
from privbench.learning.recipes import VerifierRecipe

_IMAGES = 256
_STEPS = 256  # after so many the same pairs come again
_WARM = 3
_STARTS_WITHIN = 90.0  # seconds that a process may take to load torch and choose its kernels
READY, GO = "ready", "go"


@dataclass(frozen=True)
class Seeds:
    """What is trained, how often, on what; `size` is the side of the images that are handed over, in pixels."""

    recipe: VerifierRecipe
    size: int
    count: int
    device: str
    precision: str

    def dumped(self) -> str:
        return json.dumps({**vars(self), "recipe": self.recipe.model_dump(mode="json")})

    @classmethod
    def read(cls, text: str) -> Seeds:
        told = json.loads(text)
        return cls(**{**told, "recipe": VerifierRecipe(**told["recipe"])})


class Pairs:
    """Pairs of images of noise on the device, in an order of each seed, which is the same in every way of training."""

    def __init__(self, told: Seeds, device: torch.device) -> None:
        self._images = torch.rand(_IMAGES, 1, told.size, told.size, generator=torch_generator(0, "images")).to(device)
        batch = told.recipe.batch_size
        self._orders = []
        for seed in range(told.count):
            draws = torch_generator(seed, "pairs")
            rows = torch.randint(_IMAGES, (_STEPS, 2 * batch), generator=draws)
            mated = torch.randint(2, (_STEPS, batch), generator=draws).float()
            self._orders.append((rows.to(device), mated.to(device)))

    def of(self, seed: int, step: int) -> tuple[Tensor, Tensor]:
        """Shape: both images of each pair (2 B, 1, H, W), probes first; which are mated (B,), float."""
        rows, mated = self._orders[seed]
        return self._images[rows[step % _STEPS]], mated[step % _STEPS]


class Siamese(nn.Module):
    """What is learnt of the verifier: all but how images are made ready for it, which is the same for every seed."""

    def __init__(self, verifier: Verifier) -> None:
        super().__init__()
        self.model, self.end = verifier.model, verifier.fc_end

    def forward(self, images: Tensor) -> Tensor:
        """Shape: (2 B, C, H, W), probes first, to (B,) logits."""
        one, other = torch.sigmoid(self.model(images)).chunk(2)
        return self.end((one - other).abs()).squeeze(-1)


def made(told: Seeds, seed: int, device: torch.device) -> tuple[nn.Module, Siamese]:
    """What makes images ready, and the network with that seed's weights."""
    with global_seed(seed, "weights"):
        verifier = Verifier(told.recipe, told.recipe.features).to(device).train()
    return verifier.normalize, Siamese(verifier)


class Alone:
    """The training of one seed."""

    def __init__(self, told: Seeds, seed: int, fabric: Fabric, pairs: Pairs) -> None:
        self._ready, self.network = made(told, seed, fabric.device)
        self._seed, self._fabric, self._pairs, self._step = seed, fabric, pairs, 0
        self._optimizer = torch.optim.Adam(self.network.parameters(), told.recipe.learning_rate, fused=True)

    def step(self) -> Tensor:
        """Its loss. Shape: (1,)."""
        images, mated = self._pairs.of(self._seed, self._step)
        self._step += 1
        with self._fabric.autocast():
            logits = self.network(self._ready(images))
        loss = functional.binary_cross_entropy_with_logits(logits.float(), mated)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return loss.detach()[None]


class Stacked:
    """The trainings of all seeds as one of a network whose weights have one dimension more.

    Adam looks at each weight by itself, so that it needs no other form; nor does a sum of losses, whose parts have no
    weight in common.
    """

    def __init__(self, told: Seeds, fabric: Fabric, pairs: Pairs) -> None:
        both = [made(told, seed, fabric.device) for seed in range(told.count)]
        self._ready, networks = both[0][0], [network for _, network in both]
        self.weights, self._buffers = stack_module_state(networks)
        self._form = copy.deepcopy(networks[0]).to("meta")
        self._fabric, self._pairs, self._step, self._count = fabric, pairs, 0, told.count
        self._optimizer = torch.optim.Adam(self.weights.values(), told.recipe.learning_rate, fused=True)

    def step(self) -> Tensor:
        """The loss of each. Shape: (seeds,)."""
        told = [self._pairs.of(seed, self._step) for seed in range(self._count)]
        self._step += 1
        mated = torch.stack([one for _, one in told])

        def logits_of(weights: dict[str, Tensor], buffers: dict[str, Tensor], images: Tensor) -> Tensor:
            found: Tensor = functional_call(self._form, (weights, buffers), (images,))
            return found

        with self._fabric.autocast():
            seen = self._ready(torch.cat([images for images, _ in told])).unflatten(0, (self._count, -1))
            logits = vmap(logits_of)(self.weights, self._buffers, seen)
        losses = functional.binary_cross_entropy_with_logits(logits.float(), mated, reduction="none").mean(1)
        self._optimizer.zero_grad()
        losses.sum().backward()
        self._optimizer.step()
        return losses.detach()


def lasting(steps: Callable[[], object], device: torch.device, seconds: float) -> tuple[int, float]:
    """How many times the steps were done, and the seconds, after those that warm up; the device is done with all."""
    for _ in range(_WARM):
        steps()
    _ended(device)
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        steps()
        done += 1
        if done % 8 == 0:  # else a host that runs ahead would give work for minutes
            _ended(device)
    _ended(device)
    return done, time.perf_counter() - begun


def alone(told: Seeds, seconds: float) -> float:
    """Pairs a second of one seed, and so of several one after the other."""
    fabric = create_fabric(told.device, told.precision)
    with deterministic():
        one = Alone(told, 0, fabric, Pairs(told, fabric.device))
        done, took = lasting(one.step, fabric.device, seconds)
    return done * told.recipe.batch_size / took


def stacked(told: Seeds, seconds: float) -> float:
    """Pairs a second of all seeds."""
    fabric = create_fabric(told.device, told.precision)
    with deterministic():
        every = Stacked(told, fabric, Pairs(told, fabric.device))
        done, took = lasting(every.step, fabric.device, seconds)
    return done * told.count * told.recipe.batch_size / took


def on_streams(told: Seeds, seconds: float) -> float:
    """Pairs a second of all seeds, whose steps one process gives to the device in turn, on a stream each."""
    fabric = create_fabric(told.device, told.precision)
    pairs = Pairs(told, fabric.device)
    streams = [torch.cuda.Stream(fabric.device) for _ in range(told.count)]
    trainings = [Alone(told, seed, fabric, pairs) for seed in range(told.count)]
    torch.cuda.synchronize()  # the weights are there before another stream reads them

    def steps() -> None:
        for stream, training in zip(streams, trainings, strict=True):
            with torch.cuda.stream(stream):
                training.step()

    with deterministic():
        done, took = lasting(steps, fabric.device, seconds)
    return done * told.count * told.recipe.batch_size / took


def in_processes(told: Seeds, seconds: float) -> float:
    """Pairs a second of all seeds, in processes that begin together once all of them are ready.

    Raises RuntimeError where one ends before, with its last words, or is not ready in time.
    """
    with workers(told, seconds) as processes:
        for process in processes:
            _line(process, READY)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(GO + "\n")
            process.stdin.flush()
        return sum(float(_line(process)) for process in processes)


def work(line: str, seconds: float) -> None:
    """What a process of `in_processes` does; it gets its seed with the rest."""
    told, seed = json.loads(line)
    seeds = Seeds.read(told)
    torch.set_num_threads(1)
    fabric = create_fabric(seeds.device, seeds.precision)
    with deterministic():
        one = Alone(seeds, seed, fabric, Pairs(seeds, fabric.device))
        for _ in range(_WARM):
            one.step()
        _ended(fabric.device)
        print(READY, flush=True)
        assert sys.stdin.readline().strip() == GO
        done, took = lasting(one.step, fabric.device, seconds)
    print(done * seeds.recipe.batch_size / took, flush=True)


@contextmanager
def workers(told: Seeds, seconds: float) -> Iterator[list[subprocess.Popen[str]]]:
    """A process a seed; all are ended with the block."""
    processes: list[subprocess.Popen[str]] = []
    try:
        for seed in range(told.count):
            line = [sys.executable, __file__, json.dumps([told.dumped(), seed]), str(seconds)]
            pipes: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            processes.append(subprocess.Popen(line, text=True, start_new_session=True, **pipes))
        RUNNING.extend(processes)
        yield processes
    finally:
        for process in processes:
            end(process)


RUNNING: list[subprocess.Popen[str]] = []
"""All that were begun: whoever ends the benchmark in between ends them."""


def end(process: subprocess.Popen[str]) -> None:
    """Ends a process and all that it began."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_all() -> None:
    """Ends every process that was begun."""
    for process in RUNNING:
        end(process)


def _line(process: subprocess.Popen[str], wanted: str | None = None) -> str:
    """Its next line. Raises RuntimeError where that does not come, or is another one than is wanted."""
    assert process.stdout is not None
    watch = Timer(_STARTS_WITHIN, end, [process])
    watch.start()
    try:
        line = process.stdout.readline().strip()
    finally:
        watch.cancel()
    if not line or (wanted is not None and line != wanted):
        end(process)
        words = process.stderr.read().strip().splitlines() if process.stderr is not None else []
        raise RuntimeError(f"a process of one seed ended: {words[-1] if words else 'it was not ready in time'}")
    return line


def equal(told: Seeds, steps: int = 4) -> float:
    """By how much losses of seeds that are stacked differ from those of one after the other, at most, relative."""
    fabric = create_fabric(told.device, told.precision)
    pairs = Pairs(told, fabric.device)
    with deterministic():
        every = Stacked(told, fabric, pairs)
        together = torch.stack([every.step() for _ in range(steps)])
        apart = []
        for seed in range(told.count):
            one = Alone(told, seed, fabric, pairs)
            apart.append(torch.cat([one.step() for _ in range(steps)]))
    expected = torch.stack(apart, 1)
    return float(((together - expected).abs() / expected.abs()).max())


def _ended(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    work(sys.argv[1], float(sys.argv[2]))
