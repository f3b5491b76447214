"""Small graphs of stages, and works that other processes find by this module's name."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.engine.display import Display
from privbench.engine.engine import Engine
from privbench.engine.executors.interface import Executor
from privbench.engine.executors.serial import Serial
from privbench.engine.job import Job
from privbench.engine.node import Conditions, Instead, Node, StageName
from privbench.engine.store import Store

CONDITIONS = Conditions(seed=0, device="cpu", precision="32-true", threads=1)


@dataclass(frozen=True)
class Write:
    """Writes a text; what was read stands before it."""

    text: str = ""
    seconds: float = 0.0

    def __call__(self, reads, folder, ctx):
        time.sleep(self.seconds)
        before = "".join((place / "text").read_text() for place in reads.values())
        (folder / "text").write_text(before + self.text)


@dataclass(frozen=True)
class Mark:
    """Leaves a file of its process's number in a folder, so that it is seen how often it was made, and by whom."""

    marks: Path
    seconds: float = 0.0

    def __call__(self, reads, folder, ctx):
        (self.marks / f"{folder.name}-{os.getpid()}").touch()
        time.sleep(self.seconds)
        (folder / "text").write_text(folder.name)


@dataclass(frozen=True)
class Fail:
    """Cannot be made."""

    def __call__(self, reads, folder, ctx):
        (folder / "half").write_text("half")
        raise PrivbenchError("It cannot be made: do something else.")


@dataclass(frozen=True)
class DieOnce:
    """Its process is killed, the first time."""

    died: Path

    def __call__(self, reads, folder, ctx):
        if not self.died.exists():
            self.died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        (folder / "text").write_text("the second time")


@dataclass(frozen=True)
class Forget:
    """Runs out of memory, the first time."""

    failed: Path

    def __call__(self, reads, folder, ctx):
        if not self.failed.exists():
            self.failed.touch()
            raise MemoryError
        (folder / "text").write_text("alone")


@dataclass(frozen=True)
class Spoil:
    """Changes what it reads."""

    def __call__(self, reads, folder, ctx):
        for place in reads.values():
            (place / "text").write_text("something else")


@dataclass(frozen=True)
class Say:
    """Draws a bar, and logs."""

    def __call__(self, reads, folder, ctx):
        from privbench.base.progress import log

        with ctx.progress.task("drawing", total=3) as advance:
            advance(2, note="nearly")
        log.warning("a word of %s", "warning")
        ctx.curves.append({"stage": ctx.stage, "epoch": 0})


def node(name: str, work=None, *inputs: Node, instead: Instead | None = None, **config: object) -> Node:
    """A node of that name; what its work is does not count for its key, as little as for real ones."""
    kind, *of = name.split()
    return Node(
        StageName(kind, tuple(of)), "1", {"x": name, **config}, inputs, work or Write(name), CONDITIONS, instead
    )


def engine_in(root: Path, *, keep_going: bool = False) -> Engine:
    """An engine that makes one stage after the other in this process."""
    return engine_on(Serial(lambda event: None), root, keep_going=keep_going)


def engine_on(executor: Executor, root: Path, *, keep_going: bool = False) -> Engine:
    """An engine that lets an executor make its stages."""
    return Engine(Store(root), executor, Display(Progress(quiet=True)), keep_going)


def job_of(one: Node, store: Path) -> Job:
    """The job of a node that reads nothing."""
    return Job(str(one.name), one.name, one.version, one.config, {}, {}, {}, one.work, one.conditions, store)


def text_of(engine: Engine, one: Node) -> str:
    """What a stage of `Write` holds."""
    return (engine.made[one].folder / "text").read_text()


@dataclass(frozen=True)
class Environment:
    """Writes with how many threads and on which GPU it computes."""

    def __call__(self, reads, folder, ctx):
        import torch

        told = os.environ["OMP_NUM_THREADS"], os.environ["CUDA_VISIBLE_DEVICES"], torch.get_num_threads()
        (folder / "text").write_text(" ".join(map(str, told)))


class OddError(Exception):
    """Cannot be rebuilt of its arguments."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")


@dataclass(frozen=True)
class Stumble:
    """Raises what cannot travel."""

    def __call__(self, reads, folder, ctx):
        raise OddError(7, "of a library")


@dataclass(frozen=True)
class Starve:
    """Runs out of memory."""

    def __call__(self, reads, folder, ctx):
        raise MemoryError
