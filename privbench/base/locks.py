"""Locks between processes, of which nothing stays."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .progress import log


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Keeps all others who ask for the same path out while the block lasts, also those on other machines.

    The system gives the lock up with the process that holds it, however it ends; the file that a killed one leaves
    behind keeps nobody out, and vanishes with the next use. Linux and macOS have this, Windows has not.

    Args:
        path: the file of the lock, beside what it protects, in a folder that is there.
        waiting: a sentence for the log where somebody else holds the lock.
    """
    descriptor = _acquire(path, waiting)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # before the lock is given up: later it might be another one's
        os.close(descriptor)


@contextmanager
def locked_if_left(path: Path) -> Iterator[bool]:
    """Whether a killed process left a lock's file behind; nobody else takes it while the block lasts."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        left = _lies_at(path, descriptor)
        yield left
        if left:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _acquire(path: Path, waiting: str) -> int:
    """A descriptor that holds the lock of the file which lies at that path."""
    told = False
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # NFS locks only what is open for writing
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    log.info(waiting)
                    told = True
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _lies_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lies_at(path: Path, descriptor: int) -> bool:
    """Whether the path still names that file: who held the lock may have taken it away while we waited."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):  # NFS calls a file stale that another machine took away
            return False
        raise
