"""What a process does that makes a stage: threads, seeds, training curves."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from threadpoolctl import ThreadpoolController

from ..base.errors import PrivbenchError
from ..base.memory import freed_memory_kept
from ..base.progress import log
from ..base.timing import Timing, added
from ..learning.context import Context
from ..learning.device import create_fabric, deterministic, rounded
from ..learning.generators import global_seed
from .manifest import Seen, seen_of
from .store import Produce, Store

if TYPE_CHECKING:
    from ..base.progress import Progress
    from .node import Conditions, Reached, Reads, StageName, Work
    from .store import Stage

CURVES = "curves.json"


@dataclass(frozen=True)
class Job:
    """A stage whose inputs are made, ready to travel.

    `title` is what people see; `digests` are those of what it reads, by name, and `seen` tells whether it was changed
    since. `reached` is the code that it is to be made by. `goals` are those that need it: what is logged meanwhile is
    for their logs alone.
    """

    title: str
    name: StageName
    version: str
    config: Mapping[str, Any]
    digests: Mapping[str, str]
    reads: Reads
    seen: Mapping[StageName, Seen]
    work: Work
    conditions: Conditions
    store: Path
    reached: Reached | None = None
    goals: tuple[str, ...] = ()

    @property
    def beside_others(self) -> Job:
        """The same for a process that sees one GPU of several, which has no number there."""
        return replace(self, conditions=replace(self.conditions, device=self.conditions.device_type))

    def carry_out(self, progress: Progress) -> Stage:
        """The stage, from the store or by its work. Raises as `Store.stage`, and whatever the work raises."""
        with _logged_for(self.goals):
            store, fill = Store(self.store), self._fill(progress)
            return store.stage(self.name.kind, self.version, self.config, self.digests, fill)

    def _fill(self, progress: Progress) -> Produce:
        told, name = self.conditions, str(self.name)

        def fill(folder: Path) -> Timing:
            if self.reached is not None and not self.reached.is_here:
                raise PrivbenchError(
                    f"The process that is to make the stage {name} has another code of privbench, or other libraries, "
                    "than the command began with: install the same everywhere, and run the same command again."
                )
            # The data is the same wherever it is read, and needs no memory of a GPU.
            fabric = create_fabric(told.device, told.precision) if self.reads else create_fabric("cpu", "32-true")
            ctx = Context(fabric, told.seed, name, progress, batch=told.batch, compiled=told.compile)
            # The global seed is for whatever draws without a generator.
            with (
                _threads(told.threads), deterministic(), rounded(told.tf32), global_seed(told.seed, name),
                freed_memory_kept(), _device_given_back(),
            ):  # fmt: skip
                self.work(self.reads, folder, ctx)
            for read, place in self.reads.items():
                if seen_of(place) != self.seen[read]:
                    raise PrivbenchError(
                        f"The stage {read} in {place} was changed while {name} read it: run the same command again."
                    )
            (folder / CURVES).write_text(json.dumps(ctx.curves, indent=1), encoding="utf-8")
            return Timing(tuple(ctx.times), added(ctx.decodings))

        return fill


def curves_of(stage: Stage) -> list[dict[str, Any]]:
    """The training curves that a stage collected, one row an epoch."""
    rows: list[dict[str, Any]] = json.loads((stage.folder / CURVES).read_text(encoding="utf-8"))
    return rows


@contextmanager
def _logged_for(goals: tuple[str, ...]) -> Iterator[None]:
    def mark(record: logging.LogRecord) -> bool:
        record.goals = goals
        return True

    log.addFilter(mark)
    try:
        yield
    finally:
        log.removeFilter(mark)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads for all that computes meanwhile: the order in which they add is seen in the last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with _pools(len(sys.modules)).limit(limits=count):
            yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=1)
def _pools(modules: int) -> ThreadpoolController:
    """The libraries that compute in threads; to find them takes milliseconds, so only where modules were loaded since.

    Args:
        modules: how many are loaded.
    """
    return ThreadpoolController()


@contextmanager
def _device_given_back() -> Iterator[None]:
    """What torch keeps of a GPU's memory for later is given back: stages of other processes need it."""
    try:
        yield
    finally:
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
