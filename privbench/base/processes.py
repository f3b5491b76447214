"""Processes that work for this one, and end with it, however it ends."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import TypeVar

from .errors import PrivbenchError

Task = TypeVar("Task")
Result = TypeVar("Result")


def map_in_processes(function: Callable[[Task], Result], tasks: Iterable[Task], workers: int) -> Iterator[Result]:
    """The results of a function of one argument, in the tasks' order, computed by so many processes.

    They are gone as soon as the iterator is closed or fails, or this process is; Ctrl-C is this process's affair alone.

    Raises:
        PrivbenchError: one of the processes was killed.
    """
    context = get_context("spawn")  # a fork of a process with torch's threads may hang
    ours, theirs = context.Pipe(duplex=False)
    with (
        theirs,
        ours,
        ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with, initargs=(ours,)) as pool,
        _closed_on_failure(theirs),
    ):
        with _signals_held():
            # Not by `map`, which cancels them in the end, and the pool's own thread fails at that (before Python 3.13).
            futures = deque(pool.submit(function, task) for task in tasks)
        try:
            while futures:
                yield futures.popleft().result()
        except BrokenProcessPool:
            raise PrivbenchError(
                "A process that computes was killed, as systems do when memory runs out: lower --workers, or data.size."
            ) from None


@contextmanager
def _closed_on_failure(connection: Connection) -> Iterator[None]:
    """Workers do not finish what nobody waits for: they end when nobody holds that end of their pipe."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


@contextmanager
def _signals_held() -> Iterator[None]:
    """What is started meanwhile never hears of Ctrl-C, SIGTERM or SIGHUP, from its first instruction on.

    A terminal sends Ctrl-C to all of its processes, and each would print where it was.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(other: Connection) -> None:
    """Ends this process as soon as the other end of the pipe is closed: by who holds it, or by the system after it."""

    def wait() -> None:
        other.poll(None)
        os._exit(1)

    Thread(target=wait, daemon=True).start()
