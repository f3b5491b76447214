"""What surrounds a command that takes minutes: its log on the terminal, and a word when it is interrupted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.logging import RichHandler

from ..base.progress import informed, log
from ..base.texts import printable
from ..data.notices import NAMES
from .stopping import Stopped


class _WithNames(logging.Formatter):
    """Adds the names that a message is about: a terminal shows them, the log of a run does not."""

    def format(self, record: logging.LogRecord) -> str:
        text, names = super().format(record), getattr(record, NAMES, "")
        return printable(f"{text}: {names}" if names else text)


@contextmanager
def session(console: Console, quiet: bool = False, kept: str = "stages") -> Iterator[None]:
    """Prints what is logged; where the command is stopped, it is said that its work is kept so far."""
    handler = RichHandler(console=console, show_path=False, show_level=False, markup=False)
    handler.setLevel(logging.WARNING if quiet else logging.INFO)
    handler.setFormatter(_WithNames("%(message)s"))
    log.addHandler(handler)
    try:
        with informed():
            yield
    except Stopped as stopped:
        stopped.told += f" Finished {kept} are kept; the same command goes on from there."
        raise
    finally:
        log.removeHandler(handler)
