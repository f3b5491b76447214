"""How a command is stopped from outside: by Ctrl-C, by the system, or by a terminal that is closed."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from types import FrameType
from typing import Any

_SAYS = {signal.SIGINT: "Interrupted.", signal.SIGTERM: "Terminated.", signal.SIGHUP: "Hung up."}
_AT_ONCE = 1.0
"""Seconds in which signals are one: some send it to a process and to its group, which would disturb the cleaning."""


class Stopped(BaseException):
    """A signal ended the command; what it was doing is cleaned up on the way. No library takes it for its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.told, self.status = _SAYS[signal.Signals(number)], 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Raises Stopped, while the block lasts, where a signal asks to stop; signals that are ignored stay so."""
    last = -_AT_ONCE

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _AT_ONCE:
            last = now
            raise Stopped(number)

    def unraisable(event: Any) -> None:
        """Python drops what is raised while it clears an object away; the signal is sent again."""
        nonlocal last
        if isinstance(event.exc_value, Stopped):
            last = -_AT_ONCE
            Timer(0.05, os.kill, (os.getpid(), event.exc_value.args[0])).start()
        else:
            hook(event)

    handlers = {number: signal.getsignal(number) for number in _SAYS}
    hook, sys.unraisablehook = sys.unraisablehook, unraisable
    for number, handler in handlers.items():
        if handler is not signal.SIG_IGN:  # which nohup asks for, and a shell for what goes on in its background
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook
