"""What a person sees of stages that are made: a line each, how many are left, and when they will be done."""

from __future__ import annotations

import logging
from threading import RLock

from ..base.progress import Progress, log
from .events import Event

_ALL_STAGES = "all stages"


class Display:
    """Takes what stages say. It may be called by several threads."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._running: set[str] = set()
        self._drawing = RLock()

    def tell(self, event: Event) -> None:
        """Shows what a stage says of its progress, and logs what it logs."""
        if isinstance(event, logging.LogRecord):
            log.handle(event)
            return
        with self._drawing:
            if event.stage in self._running:  # a last word may come after the end
                title = event.stage if event.title in event.stage else f"{event.stage}: {event.title}"
                self._progress.show(event.stage, title, event.done, event.total, event.note)

    def begun(self, stage: str) -> None:
        """Shows that a stage is being made."""
        with self._drawing:
            self._running.add(stage)
            self._progress.show(stage, stage, 0, None)

    def ended(self, stage: str) -> None:
        """Takes a stage's line away."""
        with self._drawing:
            self._running.discard(stage)
            self._progress.drop(stage)

    def left(self, done: int, total: int, seconds: float | None) -> None:
        """Tells how many of all stages are there, and how long the rest will take, where that is known."""
        if done == total:
            self._progress.drop(_ALL_STAGES)
        else:
            note = "" if seconds is None else f"about {duration(seconds)} left"
            self._progress.show(_ALL_STAGES, _ALL_STAGES, done, total, note)


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, rounded so that nobody takes them for exact."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
