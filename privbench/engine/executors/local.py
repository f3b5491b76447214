"""Carries stages out in processes beside this one, as many at once as cores and memory allow."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from math import inf
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from loky import ProcessPoolExecutor

from ...base.processes import end_with, signals_held
from ..events import Event, Tell, tell_log
from ..foreign import Foreign, adopt
from .interface import UNKNOWN_SHARE, Executor, WorkerLost, carry_out, hand_on

if TYPE_CHECKING:
    from ..costs import Cost
    from ..job import Job
    from ..resources import Device, Resources
    from ..store import Stage

_UNKNOWN_MEMORY = 2048
"""MiB that a stage is taken to hold whose like was never made."""
_RESERVE = 0.1
"""Of memory that is left to others, and to what an estimate misses."""


class _Needs(NamedTuple):
    """MiB of memory, and of a GPU's, that a stage holds."""

    memory: float
    device_memory: float


@dataclass
class _Slot:
    """Room for one stage: a process, the GPU that it sees, and what its stage needs while there is one."""

    device: Device | None
    process: ProcessPoolExecutor | None = None
    needs: _Needs | None = None


class Local(Executor):
    """A process a slot, which lives as long as the executor; one that was killed is replaced when a stage comes."""

    def __init__(self, slots: int, resources: Resources, foreign: Foreign, tell: Tell) -> None:
        """
        Args:
            slots: stages at once.
            resources: memory and GPUs that they share.
            foreign: of plugins, what a new process would not find.
            tell: takes what stages say; called in other threads.
        """
        self.slots, self._memory, self._foreign, self._tell = slots, resources.memory, foreign, tell
        devices = resources.devices
        self._slots = [_Slot(devices[number % len(devices)] if devices else None) for number in range(slots)]
        self._pipes: list[Connection] = []
        self._unheard: Exception | None = None

    def takes(self, cost: Cost | None) -> bool:
        if self._unheard is not None:
            raise self._unheard
        return self._slot_for(cost) is not None

    def submit(self, job: Job, cost: Cost | None) -> Future[Stage]:
        slot = self._slot_for(cost)
        assert slot is not None  # whoever submits has asked
        if cost is not None and cost.memory == inf:  # what others hold, that wait for a stage, is needed too
            for other in self._slots:
                self._end_process(other)
        slot.needs = _assumed(cost, slot)
        outcome: Future[Stage] = Future()
        with signals_held():
            try:
                done = self._process_of(slot, job.conditions.threads).submit(_carry_out, job)
            except BrokenProcessPool:  # killed while it had nothing to do
                slot.process = None
                done = self._process_of(slot, job.conditions.threads).submit(_carry_out, job)
            done.add_done_callback(lambda future: self._ended(slot, future, outcome))
            # One process ahead: to begin takes it seconds, in which the stages that are made now are not done.
            following = next((one for one in self._slots if one.process is None), None)
            if following is not None and slot.needs.memory < inf:
                self._process_of(following, job.conditions.threads)
        return outcome

    def close(self) -> None:
        for slot in self._slots:
            self._end_process(slot)
        for pipe in self._pipes:
            pipe.close()
        self._pipes.clear()

    def _end_process(self, slot: _Slot) -> None:
        if slot.process is not None:
            slot.process.shutdown(wait=True, kill_workers=True)
            slot.process = None

    def _slot_for(self, cost: Cost | None) -> _Slot | None:
        """The slot that a stage would get: the one whose GPU is the least in use."""
        free = [slot for slot in self._slots if slot.needs is None]
        if len(free) == len(self._slots):
            return free[0]
        held = sum(other.memory for one in self._slots if (other := one.needs) is not None)  # some end meanwhile
        fitting = [
            slot
            for slot in free
            if held + _assumed(cost, slot).memory <= (1 - _RESERVE) * self._memory
            and (slot.device is None or _assumed(cost, slot).device_memory <= self._free_on(slot.device))
        ]
        return max(fitting, key=lambda slot: self._free_on(slot.device), default=None)

    def _free_on(self, device: Device | None) -> float:
        if device is None:
            return 0
        held = sum(
            other.device_memory for one in self._slots if one.device == device and (other := one.needs) is not None
        )
        return (1 - _RESERVE) * device.memory - held

    def _process_of(self, slot: _Slot, threads: int) -> ProcessPoolExecutor:
        """The slot's process, as a pool of one, which is begun where there is none."""
        if slot.process is not None:
            return slot.process
        ours, theirs = Pipe()
        self._pipes += [ours, theirs]
        Thread(target=self._listen, args=(ours,), daemon=True).start()
        env = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
        env["LOKY_MAX_MEMORY_LEAK_SIZE"] = "1e15"  # what a stage holds is no leak, for which loky begins a new process
        if slot.device is not None:
            env["CUDA_VISIBLE_DEVICES"] = slot.device.name
        slot.process = ProcessPoolExecutor(1, initializer=_begin, initargs=(theirs, self._foreign), env=env)
        slot.process.submit(_load)
        return slot.process

    def _listen(self, pipe: Connection) -> None:
        while True:
            try:
                event: Event = pipe.recv()
            except (EOFError, OSError):
                return
            try:
                self._tell(event)
            except Exception as error:  # noqa: BLE001 - whoever runs the command is told, and the others are heard on
                self._unheard = error

    def _ended(self, slot: _Slot, future: Future[Stage], outcome: Future[Stage]) -> None:
        lost = isinstance(future.exception(), BrokenProcessPool)
        if lost:
            slot.process = None
        slot.needs = None  # last: from now on the slot is another stage's
        hand_on(future, outcome, lambda error: WorkerLost() if lost else error)


def _assumed(cost: Cost | None, slot: _Slot) -> _Needs:
    """What a stage is taken to hold on that slot."""
    if cost is not None and cost.memory is not None and cost.device_memory is not None:
        return _Needs(cost.memory, cost.device_memory)
    return _Needs(_UNKNOWN_MEMORY, 0 if slot.device is None else UNKNOWN_SHARE * slot.device.memory)


_pipe: Connection
_speaking = Lock()


def _begin(pipe: Connection, foreign: Foreign) -> None:
    """Prepares a worker."""
    global _pipe
    _pipe = pipe
    end_with(pipe)
    tell_log(_say)
    adopt(foreign)


def _load() -> None:
    """Loads what nearly every stage needs."""
    from ...learning import networks  # noqa: F401


def _say(event: Event) -> None:
    with _speaking:
        _pipe.send(event)


def _carry_out(job: Job) -> Stage:
    return carry_out(job.beside_others, _say)
