"""Carries stages out one after the other, in this process: for a debugger, and where no other process can be had."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from ..events import Tell, Told
from .interface import Executor

if TYPE_CHECKING:
    from ..costs import Cost
    from ..job import Job
    from ..store import Stage


class Serial(Executor):
    slots = 1

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def takes(self, cost: Cost | None) -> bool:
        return True

    def submit(self, job: Job, cost: Cost | None) -> Future[Stage]:
        future: Future[Stage] = Future()
        try:
            future.set_result(job.carry_out(Told(job.title, self._tell)))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it, as from another process
            future.set_exception(error)
        return future

    def close(self) -> None:
        pass
