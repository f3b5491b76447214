"""Processes that never saw a plugin. One loads beforehand what they compute with, which takes seconds, and they are
split off from it.

Nothing that computes is loaded here, so that a command can start that one before it loads the same itself.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Mapping
from functools import cache
from subprocess import PIPE, Popen
from typing import Any

_SERVE = """
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a word, also while it loads
from privbench.judging.contract.elsewhere import serve
serve()
"""


def start() -> Popen[str]:
    """The process that others are split off from: a new one, or the one that waits; it ends with this process."""
    if _started().poll() is not None:
        _started.cache_clear()
    return _started()


def carry_out(job: Mapping[str, Any]) -> int:
    """Lets a process that never saw a plugin do a job, and waits for it; returns its exit status.

    It has this one's folder, environment and search path as they are now.
    """
    server, here = start(), os.getcwd()
    assert server.stdin is not None
    assert server.stdout is not None
    place = {"here": here, "environment": dict(os.environ), "path": [one or here for one in sys.path]}
    server.stdin.write(json.dumps({**job, **place}) + "\n")
    server.stdin.flush()
    status = server.stdout.readline()
    return int(status) if status else server.wait()


@cache
def _started() -> Popen[str]:
    path = os.pathsep.join(one or os.getcwd() for one in sys.path)
    environment = os.environ | {"PYTHONPATH": path}
    server = Popen([sys.executable, "-c", _SERVE], stdin=PIPE, stdout=PIPE, text=True, env=environment)
    atexit.register(server.terminate)  # else it would first load what nobody waits for
    return server
