"""Processes that work for this one, and end with it, however it ends."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from itertools import islice
from multiprocessing import Pipe, resource_tracker
from multiprocessing.connection import Connection
from threading import Thread
from typing import TypeVar

from loky import ProcessPoolExecutor

from .errors import PrivbenchError, explain_memory_error
from .progress import log

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


def map_parts_in_processes(
    function: Callable[[Sequence[Task]], list[Result]],
    parts: Sequence[Sequence[Task]],
    workers: int,
    killed: Callable[[Task], Result],
) -> Generator[list[Result], None, None]:
    """The results of each part, as `map_in_processes` gives them, whatever single tasks do to their processes.

    Where processes end, or memory runs out, one process alone does what was open. A task that even there makes its
    process end is sought by halves of its part, and costs no other its result. Where there is none, they were too
    many for the memory, and half of them go on.

    Args:
        function: of some tasks, their results in their order.
        killed: what stands in the place of the result of a task that makes its process end, or needs more memory than
            there is for one process alone.
    """
    done = 0
    while done < len(parts):
        workers = min(workers, len(parts) - done)
        with closing(_as_far_as_it_goes(function, parts[done:], workers)) as results:
            for found in results:
                yield found
                done += 1
        if not (left := parts[done : done + 2 * workers]):
            return
        first = done
        with closing(_as_far_as_it_goes(function, left, 1)) as results:
            for found in results:
                yield found
                done += 1
        if done < first + len(left):
            yield _spared(function, parts[done], killed)
            done += 1
        elif workers > 1:
            workers //= 2
            log.warning("a process was killed, as systems do when memory runs out: going on with %d at once", workers)


def _as_far_as_it_goes(
    function: Callable[[Sequence[Task]], list[Result]], parts: Sequence[Sequence[Task]], workers: int
) -> Generator[list[Result], None, None]:
    """The results of the parts by so many processes, until one is killed or memory runs out."""
    with closing(map_in_processes(function, parts, workers)) as results:
        while True:
            try:
                found = next(results)
            except StopIteration:
                return
            except Exception as error:
                if isinstance(error, ProcessKilled) or explain_memory_error(error):
                    return
                raise
            yield found


def _spared(
    function: Callable[[Sequence[Task]], list[Result]], part: Sequence[Task], killed: Callable[[Task], Result]
) -> list[Result]:
    """The same of one part, by a process of its own, and of each half of it where that is killed."""
    with closing(_as_far_as_it_goes(function, [part], 1)) as results:
        if (found := next(results, None)) is not None:
            return found
    if len(part) == 1:
        return [killed(part[0])]
    half = len(part) // 2
    return [*_spared(function, part[:half], killed), *_spared(function, part[half:], killed)]


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
