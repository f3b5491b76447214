"""`privbench plan`: any command that makes runs, without making them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

from .conduct import ONLY_TOLD

HELP = "Tell which stages a command would make, which are in the store, and how long the rest will take."


def only_told(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the same options, which computes nothing and tells what it would."""

    @wraps(command)
    def whole(*given: Any, **named: Any) -> None:
        before = ONLY_TOLD.set(True)
        try:
            command(*given, **named)
        finally:
            ONLY_TOLD.reset(before)

    whole.__signature__ = signature(command)  # type: ignore[attr-defined]
    return whole
