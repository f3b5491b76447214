"""Tells the parts of a training apart in time, without making it wait or changing what it computes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook
from torch.utils.flop_counter import FlopCounterMode

from ..base.timing import EpochTime

Phase = Literal["data", "forward", "backward", "optimizer", "waiting", "validation"]
PHASES: tuple[Phase, ...] = ("data", "forward", "backward", "optimizer", "waiting", "validation")
"""Reading and varying images; the networks and the loss, with all that is not told otherwise; …; the processor's
waiting for the device; and the look at validation images, with its own reading and waiting."""

_RUNNING: ContextVar[Clock | None] = ContextVar("running", default=None)


@contextmanager
def phase(name: Phase) -> Iterator[None]:
    """What is done meanwhile counts to that part of the training that runs; also a decorator. Nothing without one."""
    clock = _RUNNING.get()
    if clock is None:
        yield
        return
    before = clock.switch(name)
    try:
        yield
    finally:
        clock.switch(before)


class Clock:
    """Counts, epoch by epoch, what the parts of one training take. What is within validation counts to nothing else."""

    def __init__(self, device: torch.device, training: str) -> None:
        self._device, self._on_cuda, self._training = device, device.type == "cuda", training
        # Of what is loaded ahead, on a stream of its own, this one sees nothing but the wait for it.
        self._stream = torch.cuda.current_stream(device) if self._on_cuda else None
        self._flops: float | None = None
        self._optimizer_bytes = 0
        self._begin()

    def _begin(self) -> None:
        self._seconds: dict[Phase, float] = defaultdict(float)
        self._marks: list[tuple[Phase, Any]] = []
        self._phase: Phase = "forward"
        self._since = time.perf_counter()
        self._mark()

    def _mark(self) -> None:
        if self._on_cuda:
            event = torch.cuda.Event(enable_timing=True)
            event.record(self._stream)
            self._marks.append((self._phase, event))

    def switch(self, to: Phase) -> Phase:
        """From now on time counts to that part; returns to which it counted. What is validation stays so."""
        before, now = self._phase, time.perf_counter()
        self._seconds[before] += now - self._since
        self._phase, self._since = to, now
        self._mark()
        return before

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """The time of an epoch; `read` tells it afterwards."""
        self._begin()
        token = _RUNNING.set(self)
        try:
            yield
        finally:
            self.switch("forward")
            _RUNNING.reset(token)

    @contextmanager
    def validation(self) -> Iterator[None]:
        """What is done meanwhile is validation, whatever it calls itself."""
        before, token = self.switch("validation"), _RUNNING.set(None)
        try:
            yield
        finally:
            _RUNNING.reset(token)
            self.switch(before)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts what one step computes and its optimizers move, which stands for all others; it computes the same.

        Of the first that comes, on a GPU of the first that comes while half of its memory is free, and as much again
        as this process holds: what counts keeps all that a step holds until its end.
        """
        if self._flops is not None or not self._has_room():
            yield
            return
        hook = register_optimizer_step_post_hook(self._count_moved)
        try:
            with FlopCounterMode(display=False) as counter:
                yield
        finally:
            hook.remove()
        self._flops = float(counter.get_total_flops())

    def _count_moved(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._phase == "optimizer":  # else its seconds are not told apart from others
            self._optimizer_bytes += moved_by(optimizer)

    def _has_room(self) -> bool:
        if not self._on_cuda:
            return True
        held = torch.cuda.max_memory_allocated(self._device)
        free, whole = torch.cuda.mem_get_info(self._device)
        return held < min(free, whole / 2)  # other processes may compute there, too

    def read(self, epoch: int, steps: int) -> EpochTime:
        """What the epoch took; waits for what the device still has to do of it."""
        return EpochTime(
            training=self._training,
            epoch=epoch,
            steps=steps,
            seconds=_rounded(self._seconds),
            device_seconds=_rounded(self._device_seconds()) if self._on_cuda else None,
            flops=None if self._flops is None else self._flops * steps,
            optimizer_bytes=self._optimizer_bytes * steps or None,
        )

    def _device_seconds(self) -> dict[Phase, float]:
        self._marks[-1][1].synchronize()
        seconds: dict[Phase, float] = defaultdict(float)
        for (name, begun), (_, ended) in zip(self._marks, self._marks[1:], strict=False):
            seconds[name] += begun.elapsed_time(ended) / 1000
        return seconds


def moved_by(optimizer: Optimizer) -> int:
    """The bytes that an optimizer's last step had to read and write at least, whatever kernels made it.

    It reads weights, gradients, and what it keeps of each weight, and writes weights and that again: of Adam, in fp32,
    28 bytes a weight. Weights without a gradient it leaves alone.
    """
    moved = 0
    for weight in (one for group in optimizer.param_groups for one in group["params"] if one.grad is not None):
        state = optimizer.state.get(weight, {}).values()
        kept = sum(one.nbytes for one in state if isinstance(one, torch.Tensor) and one.shape == weight.shape)
        moved += 3 * weight.nbytes + 2 * kept
    return moved


def _rounded(seconds: dict[Phase, float]) -> dict[str, float]:
    return {name: round(seconds[name], 4) for name in PHASES if name in seconds}
