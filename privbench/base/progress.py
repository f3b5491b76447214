"""Progress bars on everything that lasts, and the log beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

log = logging.getLogger("privbench")


@contextmanager
def informed() -> Iterator[None]:
    """All that is worth a line is logged while the block lasts."""
    before = log.level
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(before)


class Progress:
    """Draws bars on a terminal; on anything else it stays silent and the log tells the stages."""

    def __init__(self, console: Console | None = None, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True)
        self._bars = Bars(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=self.console,
            transient=True,
            disable=quiet or not self.console.is_terminal,
        )
        self._lines: dict[str, TaskID] = {}

    @contextmanager
    def live(self) -> Iterator[None]:
        """Shows the bars while the block lasts."""
        with self._bars:
            yield

    def show(self, name: str, description: str, done: int, total: int | None, note: str = "") -> None:
        """Draws the bar of that name, a new one where there is none; without a total it only shows that it lives."""
        if name not in self._lines:
            self._lines[name] = self._bars.add_task(description, total=total, note=note)
        self._bars.update(self._lines[name], description=description, completed=done, total=total, note=note)

    def drop(self, name: str) -> None:
        """Takes the bar of that name away, if there is one."""
        if name in self._lines:
            self._bars.remove_task(self._lines.pop(name))

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Callable[..., None]]:
        """A bar of its own; yields `advance(steps=1, note="")`."""
        done, said = 0, ""

        def advance(steps: int = 1, note: str | None = None) -> None:
            nonlocal done, said
            done, said = done + steps, said if note is None else note
            self.show(description, description, done, total, said)

        try:
            yield advance
        finally:
            self.drop(description)
