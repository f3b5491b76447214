"""Which executor carries stages out, and with how much at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...base.errors import PrivbenchError, nearest
from ..foreign import foreign_to_others
from ..resources import cores, free_resources
from .interface import Executor
from .local import Local
from .serial import Serial

if TYPE_CHECKING:
    from pathlib import Path

    from ..events import Tell

EXECUTORS = ("serial", "local", "ray")
VARIABLE = "PRIVBENCH_EXECUTOR"


@dataclass(frozen=True)
class Means:
    """With what stages are made. No figure hangs on it.

    Args:
        executor: serial, local or ray; else PRIVBENCH_EXECUTOR, else local.
        jobs: stages at once, and helpers that read the data; else one a core, by the threads of a stage.
        address: of a Ray cluster; else RAY_ADDRESS, else the one that this machine belongs to.
        keep_going: a stage that fails ends what needs it alone; the rest is made before that is told.
    """

    executor: str | None = None
    jobs: int | None = None
    address: str | None = None
    keep_going: bool = False

    @property
    def name(self) -> str:
        """The executor's. Raises PrivbenchError where there is no such."""
        name = self.executor or os.environ.get(VARIABLE) or "local"
        if name not in EXECUTORS:
            raise PrivbenchError(f"There is no executor {name!r}: {nearest(name, EXECUTORS)}")
        if self.address is not None and name != "ray":
            raise PrivbenchError(f"The executor {name} has no cluster: leave out --address, or use --executor ray.")
        return name

    def slots(self, threads: int) -> int:
        """Stages at once on this machine, of so many threads each. Raises PrivbenchError as `name`."""
        return 1 if self.name == "serial" else self.jobs or max(1, cores() // threads)


def open_executor(
    means: Means, store: Path, device: str, threads: int, plugins: Iterable[type], tell: Tell
) -> Executor:
    """The executor, which is to be used as a context manager.

    Args:
        means: which, and how much at once.
        store: where the stages are kept.
        device: the type of device that they compute on, or one of several, such as cuda:1.
        threads: of each stage.
        plugins: classes that were handed over, which other processes may not find.
        tell: takes what stages say.

    Raises:
        PrivbenchError: there is no such executor, or its cluster cannot be used.
    """
    if means.name == "serial":
        return Serial(tell)
    foreign = foreign_to_others(plugins)
    if means.name == "local":
        return Local(means.slots(threads), free_resources(device), foreign, tell)
    from .cluster import connect

    return connect(means.address, store, device, threads, foreign, tell)
