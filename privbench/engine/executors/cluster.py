"""Carries stages out on a Ray cluster, whose machines see the store as a folder of the same path."""

from __future__ import annotations

import logging
import os
import platform
import secrets
import socket
from collections.abc import Mapping
from concurrent.futures import Future
from importlib.metadata import version
from pathlib import Path
from queue import Empty
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ...base.errors import PrivbenchError
from ..costs import Cost
from ..events import Event, Tell, tell_log
from ..foreign import Foreign, adopt
from .interface import UNKNOWN_SHARE, Executor, WorkerLost, carry_out, hand_on

if TYPE_CHECKING:
    from ..job import Job
    from ..store import Stage

try:
    import ray
    from ray.cloudpickle import dumps, loads
    from ray.exceptions import RayError, RayTaskError, TaskUnschedulableError
    from ray.util.queue import Queue
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ImportError:
    raise PrivbenchError(
        "The executor ray needs the package ray: install privbench[cluster] on every machine of the cluster."
    ) from None

_ALIKE = ("privbench", "torch", "torchvision", "timm", "numpy")
"""What has to be of one version on all machines: figures hang on it."""
_LARGEST_SHARE = 0.9
"""Of the largest machine's memory that a stage is given at the most."""
_PATIENCE = 120
"""Seconds in which a machine has to answer: it begins a process and loads torch."""
_LOST_MACHINES = 3
"""How many a stage may lose before it is given up."""
_PAUSE = 0.5
"""Seconds after which who listens for words looks whether the cluster is left."""
_LAST_WORD = 10
"""Seconds that are left to him then."""


class Cluster(Executor):
    """Stages are Ray's tasks. Ray places them by threads, memory and share of a GPU, and begins lost ones elsewhere."""

    def __init__(self, threads: int, gpu_memory: float | None, foreign: Foreign, tell: Tell) -> None:
        """
        Args:
            threads: of each stage.
            gpu_memory: that of the smallest GPU in MiB; None where stages use none.
            foreign: of plugins, what other machines do not find.
            tell: takes what stages say; called in another thread.
        """
        self._threads, self._gpu_memory, self._foreign = threads, gpu_memory, ray.put(foreign)
        self._words, self._waiting = Queue(actor_options={"num_cpus": 0}), 0
        self._machine_memory = max(node["Resources"].get("memory", 0) for node in ray.nodes() if node["Alive"])
        self._carry_out = ray.remote(_carry_out)
        self._closing = Flag()
        self._listener = Thread(target=_listen, args=(self._words, tell, self._closing), daemon=True)
        self._listener.start()

    @property
    def slots(self) -> int:  # type: ignore[override]
        """As many as the machines that have joined by now."""
        return max(1, int(ray.cluster_resources().get("CPU", 1)) // self._threads)

    def takes(self, cost: Cost | None) -> bool:
        return self._waiting < 2 * self.slots  # no machine waits for the next one, and the longest way goes first

    def submit(self, job: Job, cost: Cost | None) -> Future[Stage]:
        self._waiting += 1
        options: dict[str, Any] = {"num_cpus": self._threads, "max_retries": _LOST_MACHINES, "name": job.title}
        if cost is not None and cost.memory is not None:  # what no machine has would wait for ever
            options["memory"] = int(min(cost.memory * 2**20, _LARGEST_SHARE * self._machine_memory))
        if self._gpu_memory is not None:
            known = None if cost is None else cost.device_memory
            share = UNKNOWN_SHARE if known is None else known / self._gpu_memory
            options["num_gpus"] = min(1.0, max(0.01, round(share, 2)))
        done = self._carry_out.options(**options).remote(dumps(job), self._foreign, self._words).future()
        outcome: Future[Stage] = Future()
        done.add_done_callback(lambda future: self._ended(future, outcome))
        return outcome

    def close(self) -> None:
        # First: Ray ends the whole process where a thread asks it for anything after it was left.
        self._closing.set()
        self._listener.join(_LAST_WORD)
        ray.shutdown()

    def _ended(self, future: Future[Any], outcome: Future[Stage]) -> None:
        self._waiting -= 1
        hand_on(future, outcome, _meant)


def _meant(error: BaseException) -> BaseException:
    """What Ray's errors mean: what a stage's work raised, or that its machine is lost."""
    if isinstance(error, RayTaskError):
        return error.cause
    return WorkerLost() if isinstance(error, RayError) else error


class _Machine(NamedTuple):
    """What a machine says of itself: its name, the token that it reads in the store, its versions, a GPU's memory."""

    name: str
    token: str | None
    versions: dict[str, str]
    gpu_memory: float | None


def connect(address: str | None, store: Path, device: str, threads: int, foreign: Foreign, tell: Tell) -> Cluster:
    """The executor on a cluster that runs already, once every machine has shown that it can serve.

    Args:
        address: the cluster's; None for RAY_ADDRESS, or for the one that this machine belongs to.
        store: the folder that all machines see.
        device: the type of device that stages compute on.
        threads: of each stage.
        foreign: of plugins, what other machines do not find.
        tell: takes what stages say.

    Raises:
        PrivbenchError: there is no cluster, a machine does not see the store or has another version of what computes.
    """
    place = address or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        _knock(place)  # Ray itself would try for minutes
        ray.init(place, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except (OSError, RuntimeError, ValueError) as error:
        where = "this machine" if place == "auto" else place
        raise PrivbenchError(
            f"There is no Ray cluster at {where} ({str(error).splitlines()[0]}): start one with `ray start --head`, "
            "or name it with --address."
        ) from error
    try:
        told = _machines(store.absolute())
    except BaseException:
        ray.shutdown()
        raise
    memories = [one.gpu_memory for one in told if one.gpu_memory is not None]
    if device == "cuda" and not memories:
        ray.shutdown()
        raise PrivbenchError("No machine of the Ray cluster has a CUDA device: use --device cpu.")
    return Cluster(threads, min(memories) if device == "cuda" else None, foreign, tell)


def _knock(address: str) -> None:
    """Raises OSError where nobody answers at HOST:PORT; other addresses are Ray's affair."""
    host, separator, port = address.rpartition(":")
    if separator and port.isdigit():
        socket.create_connection((host, int(port)), timeout=5).close()


def _machines(store: Path) -> list[_Machine]:
    """What all machines say of themselves. Raises PrivbenchError where one cannot serve, and tells all of them."""
    token, file = secrets.token_hex(16), store / f"token-{secrets.token_hex(4)}"
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(token, encoding="utf-8")
    try:
        ask = ray.remote(_introduce)
        alive = {node["NodeID"]: node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"]}
        places = {key: NodeAffinitySchedulingStrategy(node_id=key, soft=False) for key in alive}
        asked = {
            f"{name} ({key[:6]})": ask.options(num_cpus=0, scheduling_strategy=places[key]).remote(file)
            for key, name in alive.items()
        }
        told, wrong = _answers(asked)
    finally:
        file.unlink()
    here = _versions()
    for one in told:
        if one.token != token:
            wrong.append(f"{one.name} does not see the store {store}: mount it there under the same path.")
        if others := [f"{name} {one.versions[name]}" for name in here if one.versions[name] != here[name]]:
            wanted = ", ".join(f"{name} {here[name]}" for name in here if one.versions[name] != here[name])
            wrong.append(f"{one.name} has {', '.join(others)}: install {wanted}, as here.")
    if wrong:
        raise PrivbenchError("\n".join(dict.fromkeys(wrong)))
    return told


def _answers(asked: Mapping[str, ray.ObjectRef[_Machine]]) -> tuple[list[_Machine], list[str]]:
    """What machines answer, by their names; and which cannot. One that has died meanwhile is none of the cluster's."""
    told, wrong = [], []
    for name, answer in asked.items():
        try:
            told.append(ray.get(answer, timeout=_PATIENCE))
        except TaskUnschedulableError:
            continue
        except RayError as error:
            why = str(getattr(error, "cause", None) or error).strip().splitlines()[-1]
            wrong.append(f"{name} cannot make stages ({why}): install privbench[cluster] there, as here.")
    return told, wrong


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in _ALIKE}}


def _introduce(file: Path) -> _Machine:
    """On a machine of the cluster: what it says of itself."""
    token = file.read_text(encoding="utf-8") if file.is_file() else None
    gpus = range(torch.cuda.device_count())
    memory = min((torch.cuda.get_device_properties(gpu).total_memory / 2**20 for gpu in gpus), default=None)
    return _Machine(platform.node(), token, _versions(), memory)


def _carry_out(packed: bytes, foreign: Foreign, words: Queue) -> Stage:
    """On a machine of the cluster: makes a stage; its job can be unpacked when the modules of plugins are there."""

    def say(event: Event) -> None:
        words.actor.put_nowait.remote(event)  # nobody waits for an answer

    tell_log(say)
    adopt(foreign)
    job: Job = loads(packed)
    return carry_out(job, say)


def _listen(words: Queue, tell: Tell, closing: Flag) -> None:
    while not closing.is_set():
        try:
            event = words.get(timeout=_PAUSE)
        except Empty:
            continue
        except (RayError, RuntimeError, ValueError, AttributeError):  # the cluster is gone
            return
        tell(event)
