"""Real processes, and what they leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest


class Command:
    """A Python command in a group of its own, as a terminal starts it."""

    def __init__(self, arguments: Sequence[object], folder: Path) -> None:
        if not Path("/proc/self/environ").exists():
            pytest.skip("there is no /proc to look for processes in")
        self._mark = f"PRIVBENCH_TEST={uuid.uuid4()}"
        name, value = self._mark.split("=")
        self.process = subprocess.Popen(
            [sys.executable, *map(str, arguments)], cwd=folder, env=os.environ | {name: value}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            preexec_fn=_hear,
        )  # fmt: skip

    def alive(self) -> list[int]:
        """All processes that come of the command and still run."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                state = (path.parent / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and self._mark.encode() in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:
                continue  # it has ended while we looked
        return found

    def catches(self, number: int) -> bool:
        """Whether the command itself hears of a signal."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return bool(int(next(line.split()[1] for line in lines if line.startswith("SigCgt")), 16) >> (number - 1) & 1)

    def stop(self, number: int, group: bool = True) -> tuple[int, str]:
        """Sends the signal, as a terminal to the whole group; returns the status and what stands in stderr."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        errors = self.process.communicate(timeout=60)[1]
        return self.process.returncode, errors


def _hear() -> None:
    """What a terminal lets through: a job in the background, or below nohup, hands down that it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def until(true: Callable[[], object]) -> None:
    """Waits; a minute is too long on any machine."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)
