"""What an executor is: it takes stages whose inputs are made, and says when it can take no more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from pickle import dumps, loads
from typing import TYPE_CHECKING

from ..events import Told

if TYPE_CHECKING:
    from ..costs import Cost
    from ..events import Tell
    from ..job import Job
    from ..store import Stage

UNKNOWN_SHARE = 0.25
"""Of a GPU that a stage is taken to need whose like was never made."""


class WorkerLost(Exception):
    """The process that made a stage is gone: it was killed, or its machine was."""


class Executor(ABC):
    """A context manager; all that it started has ended when it is left, by an exception too."""

    slots: int
    """How many stages it carries out at once at the most."""

    @abstractmethod
    def takes(self, cost: Cost | None) -> bool:
        """Whether it has room for another stage that costs so much; None where nobody knows.

        An executor that does nothing takes any.
        """

    @abstractmethod
    def submit(self, job: Job, cost: Cost | None) -> Future[Stage]:
        """Carries the job out. The future raises WorkerLost where its process ended before its work."""

    @abstractmethod
    def close(self) -> None:
        """Ends what still runs, at once."""

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def carry_out(job: Job, tell: Tell) -> Stage:
    """In the process that makes a stage: carries its job out, and raises what can travel back."""
    try:
        return job.carry_out(Told(job.title, tell))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again
        raise told_abroad(error) from None


def hand_on(done: Future[Stage], outcome: Future[Stage], meant: Callable[[BaseException], BaseException]) -> None:
    """Gives an outcome what a library's future came to; `meant` says what its errors mean here."""
    error = done.exception()
    if error is None:
        outcome.set_result(done.result())
    else:
        outcome.set_exception(meant(error))


def told_abroad(error: Exception) -> Exception:
    """An error as it can travel to another process: itself, or its words, where it cannot be rebuilt there."""
    try:
        loads(dumps(error))  # noqa: S301 - it is our own
    except Exception:  # noqa: BLE001 - foreign errors may raise anything at that
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
