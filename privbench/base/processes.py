"""Processes that work for this one, and end with it, however it ends."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import Pipe, resource_tracker
from multiprocessing.connection import Connection
from threading import Thread
from typing import TypeVar

from loky import ProcessPoolExecutor

from .errors import PrivbenchError

Task = TypeVar("Task")
Result = TypeVar("Result")


class ProcessKilled(PrivbenchError):
    """A process that works for this one was killed, nobody knows over which task."""


def map_in_processes(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Generator[Result, None, None]:
    """The results of a function of one argument, in the tasks' order, computed by so many processes.

    At most twice as many tasks as processes are open, so that results do not pile up where they are taken slowly.
    The processes are gone as soon as the iterator is closed or fails, or this process is; Ctrl-C is this process's
    affair alone.

    Raises:
        ProcessKilled: one of the processes was.
    """
    ours, theirs = Pipe(duplex=False)
    # Not Python's own pool: a script that calls this without `if __name__ == "__main__":` would begin again in each.
    pool = ProcessPoolExecutor(workers, initializer=end_with, initargs=(ours,))
    try:
        waiting, futures = iter(tasks), deque[Future[Result]]()
        while True:
            with signals_held():
                futures.extend(pool.submit(function, task) for task in islice(waiting, 2 * workers - len(futures)))
            if not futures:
                break
            yield futures.popleft().result()
    except BrokenProcessPool:
        raise ProcessKilled(
            "A process that computes was killed, as systems do when memory runs out: lower --jobs, or data.size."
        ) from None
    finally:
        pool.shutdown(kill_workers=True)  # they do not finish what nobody waits for
        ours.close()
        theirs.close()


@contextmanager
def signals_held() -> Iterator[None]:
    """What is started meanwhile never hears of Ctrl-C, SIGTERM or SIGHUP, from its first instruction on.

    A terminal sends Ctrl-C to all of its processes, and each would print where it was.
    """
    resource_tracker.ensure_running()  # begun meanwhile, Python's own would end the hold: it unblocks what it blocked
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with(other: Connection) -> None:
    """Ends this process as soon as the other end of the pipe is closed: by who holds it, or by the system after it."""

    def wait() -> None:
        other.poll(None)
        os._exit(1)

    Thread(target=wait, daemon=True).start()
