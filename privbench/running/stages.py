"""Makes the stages of one run: keys, seeds, training curves, and the log of it all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.progress import log
from ..learning.context import Context
from ..learning.generators import global_seed
from ..plugins.code import code_of
from .stage_names import VERSIONS, StageName

if TYPE_CHECKING:  # what only carries stages about cannot change what comes out of them
    import torch
    from lightning_fabric import Fabric

    from ..base.progress import Progress
    from ..plugins.interfaces import Plugin
    from .store import Stage, Store

CURVES = "curves.json"

Produce = Callable[[Path, Context], None]
"""Fills a stage's folder; its context collects the training curves."""


class Stages:
    """The stages of one run, by name, in the order in which they were made, and their training curves."""

    def __init__(self, store: Store, fabric: Fabric, precision: str, seed: int, progress: Progress) -> None:
        self._store, self._fabric, self._precision, self._progress = store, fabric, precision, progress
        self._seed = seed
        self._modules: dict[StageName, str] = {}
        self.made: dict[StageName, Stage] = {}
        self.curves: list[dict[str, Any]] = []

    @property
    def device(self) -> torch.device:
        return self._fabric.device

    def make(
        self,
        name: StageName,
        config: Mapping[str, Any],
        inputs: Sequence[StageName],
        produce: Produce,
        plugins: Sequence[Plugin] = (),
    ) -> Stage:
        """The named stage, from the store or by `produce`.

        Its key holds what can change its output: version, configuration, seed, the contents of the stages that it
        reads, and the code that can be reached with the versions of its libraries. That is the code of the module that
        `produce` stands in, of the plugins, and of the modules of the stages that it reads: what writes
        a stage also reads it.

        Args:
            name: its kind decides the version.
            config: JSON values that it depends on.
            inputs: the stages that it reads.
            produce: fills the folder.
            plugins: what it is handed and calls.
        """
        self._modules[name] = produce.__module__
        modules = {self._modules[one] for one in (name, *inputs)}
        classes = {type(one) for plugin in plugins for one in _with_parts(plugin)}
        # What reads other stages computes; the data is the same wherever it is read, and needs no torch.
        code = code_of(modules | ({__name__} if inputs else set()), classes)
        surroundings: dict[str, Any] = {"seed": self._seed, "code": code.digest, "libraries": code.libraries}
        if inputs:
            surroundings |= {"device": self._fabric.device.type, "precision": self._precision}

        def produce_seeded(folder: Path) -> None:
            ctx = Context(self._fabric, self._seed, str(name), self._progress)
            with global_seed(self._seed, str(name)):  # for whatever draws without a generator
                produce(folder, ctx)
            (folder / CURVES).write_text(json.dumps(ctx.curves, indent=1), encoding="utf-8")

        log.info("%s …", name)
        digests = {str(earlier): self.made[earlier].digest for earlier in inputs}
        stage = self._store.stage(name.kind, VERSIONS[name.kind], {**config, **surroundings}, digests, produce_seeded)
        log.info("%s: %s", name, "already there" if stage.cached else f"{stage.manifest.seconds:.1f} s")
        if (before := self.made.get(name)) is not None and before.key == stage.key:
            return before  # what serves twice was made once: its cost and its curves are told already
        self.made[name] = stage
        self.curves += json.loads((stage.folder / CURVES).read_text(encoding="utf-8"))
        return stage

    def confirm(self) -> None:
        """Reads every stage once more, before figures are made of it. Raises PrivbenchError where one was changed."""
        for stage in self.made.values():
            stage.confirm()


def _with_parts(plugin: Plugin) -> Iterator[Plugin]:
    yield plugin
    for part in plugin.parts():
        yield from _with_parts(part)
