"""Progress bars on everything that lasts, and the log beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

log = logging.getLogger("privbench")


class Progress:
    """Draws bars on a terminal; on anything else it stays silent and the log tells the stages."""

    def __init__(self, console: Console | None = None, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True)
        self._bars = Bars(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=self.console,
            transient=True,
            disable=quiet or not self.console.is_terminal,
        )

    @contextmanager
    def live(self) -> Iterator[None]:
        """Shows the bars while the block lasts."""
        with self._bars:
            yield

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Callable[..., None]]:
        """A bar; yields `advance(steps=1, note="")`."""
        task = self._bars.add_task(description, total=total, note="")

        def advance(steps: int = 1, note: str | None = None) -> None:
            self._bars.advance(task, steps)
            if note is not None:
                self._bars.update(task, note=note)

        try:
            yield advance
        finally:
            self._bars.remove_task(task)
