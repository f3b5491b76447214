"""What surrounds a command that takes minutes: its log on the terminal, and a word when it is interrupted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.logging import RichHandler

from ..base.progress import log


@contextmanager
def session(console: Console, quiet: bool = False) -> Iterator[None]:
    """Prints what is logged; an interruption ends the command with status 130."""
    handler = RichHandler(console=console, show_path=False, show_level=False, markup=False)
    handler.setLevel(logging.WARNING if quiet else logging.INFO)
    before = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield
    except KeyboardInterrupt:
        console.print("Interrupted. Finished stages are kept; the same command goes on from there.")
        raise typer.Exit(130) from None
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
