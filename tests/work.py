"""What workers are given to do, in a module that a new process finds by itself."""

import os
import signal
import time


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
