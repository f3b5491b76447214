"""What a stage says while it is made, wherever that is: how far it is, and its log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import QueueHandler

from ..base.progress import Progress, log

_PAUSE = 0.1
"""Seconds between two words of one stage: a step may take a millisecond."""


@dataclass(frozen=True)
class Advanced:
    """How far a stage is in what it does; `done` of `total` steps."""

    stage: str
    title: str
    total: int
    done: int
    note: str


Event = Advanced | logging.LogRecord
Tell = Callable[[Event], None]
"""Brings an event to who shows it."""


class Told(Progress):
    """The progress of a stage, told to who shows it."""

    def __init__(self, stage: str, tell: Tell) -> None:
        self._stage, self._tell = stage, tell

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Callable[..., None]]:
        done, last, said = 0, 0.0, ""

        def advance(steps: int = 1, note: str | None = None) -> None:
            nonlocal done, last, said
            done, said = done + steps, said if note is None else note
            if (now := time.monotonic()) - last >= _PAUSE:
                last = now
                self._tell(Advanced(self._stage, description, total, done, said))

        yield advance


class _Sender(QueueHandler):
    """Hands records on as a queue's handler prepares them: with their text, and without what cannot travel."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self._tell = tell

    def enqueue(self, record: logging.LogRecord) -> None:
        self._tell(record)


def tell_log(tell: Tell) -> None:
    """From now on, all that this process logs is told, and to nobody else."""
    log.handlers, log.propagate = [_Sender(tell)], False
    log.setLevel(logging.INFO)
