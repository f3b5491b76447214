"""Carries stages out on a Ray cluster, whose machines see the store as a folder of the same path."""

from __future__ import annotations

import os
import platform
import secrets
from concurrent.futures import Future
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from ...base.errors import PrivbenchError
from ..costs import Cost
from ..events import Event, Tell, Told, tell_log
from ..foreign import ForeignModule, adopt
from .interface import Executor, WorkerLost

if TYPE_CHECKING:
    from ..job import Job
    from ..store import Stage

try:
    import ray
    from ray.exceptions import RayError, RaySystemError, WorkerCrashedError
    from ray.util.queue import Queue
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ImportError:
    raise PrivbenchError(
        "The executor ray needs the package ray: install privbench[cluster] on every machine of the cluster."
    ) from None

_SAME = ("privbench", "torch", "torchvision", "timm", "numpy")
"""What has to have one version everywhere: figures hang on it."""
_GPU_SHARE = 0.25
"""Of a GPU that a stage is taken to need whose like was never made."""
_TRIES = 3
"""Machines that a stage may lose."""


class Cluster(Executor):
    """Stages are Ray tasks: Ray places them by threads, memory and share of a GPU, and gives lost ones to others."""

    def __init__(self, threads: int, gpu_memory: float, modules: tuple[ForeignModule, ...], tell: Tell) -> None:
        """
        Args:
            threads: of each stage.
            gpu_memory: of the smallest GPU, in MiB; 0 where stages use none.
            modules: of plugins, which the machines would not find.
            tell: takes what stages say; called in another thread.
        """
        self._threads, self._gpu_memory, self._modules = threads, gpu_memory, modules
        self.slots = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
        self._running = 0
        self._words = Queue(actor_options={"num_cpus": 0})
        Thread(target=_listen, args=(self._words, tell), daemon=True).start()
        self._make = ray.remote(_carry_out)

    def takes(self, cost: Cost | None) -> bool:
        return True  # Ray lets wait what finds no room

    def submit(self, job: Job, cost: Cost | None) -> Future[Stage]:
        ...

    def close(self) -> None:
        ray.shutdown()
