"""What workers are given to do, in a module that a new process finds by itself."""

import fcntl
import os
import resource
import signal
import time
from pathlib import Path

from processes import until


def square(number):
    return number * number


def last(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)


def sleep(number):
    time.sleep(300 * number)
    return number


def fail(number):
    raise ZeroDivisionError(number)


def read_all(paths):
    """Names of files; one that kills is as a decoder that a damaged file leads astray."""
    if any("kills" in path.name for path in paths):
        os.kill(os.getpid(), signal.SIGKILL)
    return [path.name for path in paths]


def share(paths):
    """Names of files, whose first letters tell for how many processes there is room; one too many is killed, as a
    system does when memory runs out. Four, or one too many, have begun before any of them goes on."""
    folder, rooms = paths[0].parent, int(paths[0].name[0])
    (folder / f"begun by {os.getpid()}").touch()
    for number in range(0 if ROOM else rooms):
        room = os.open(folder / f"room {number}", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(room, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(room)
        else:
            ROOM.append(room)
            break
    if not ROOM:
        os.kill(os.getpid(), signal.SIGKILL)
    until(lambda: len(list(folder.glob("begun by *"))) >= min(rooms + 1, 4))
    return [path.name for path in paths]


ROOM = []
"""That of this process, for as long as it lives."""


def hold(sizes):
    """Those sizes, in MiB, of memory that was held together, by a process that may hold 64 more than it does."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (held + 64 * 2**20, before[1]))
    try:
        bytearray(sum(sizes) * 2**20)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    return list(sizes)
