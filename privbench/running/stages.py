"""Makes the stages of one run: keys, seeds, training curves, and the log of it all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import timm
import torch
from lightning_fabric import Fabric
from safetensors.torch import save_file
from torch import Tensor

from ..base.progress import Progress, log
from ..base.seeds import global_seed
from ..learning.context import Context
from ..plugins.interfaces import Plugin
from ..plugins.registry import code_digest
from .store import Stage, Store

# Go up with every change of the harness that changes what the stage puts out.
VERSIONS = {
    "data": "2",
    "classifier": "1",
    "verifier": "1",
    "anonymizer": "1",
    "release": "1",
    "attack": "2",
    "linkage": "2",
    "inference": "1",
    "task": "1",
    "utility": "2",
    "measure": "1",
}

STATE, CURVES = "state.safetensors", "curves.json"


class Stages:
    """The stages of one run, by name, in the order in which they were made, and their training curves."""

    def __init__(self, store: Store, fabric: Fabric, precision: str, seed: int, progress: Progress) -> None:
        self._store, self._fabric, self._precision, self._progress = store, fabric, precision, progress
        self._seed = seed
        self.made: dict[str, Stage] = {}
        self.curves: list[dict[str, Any]] = []

    @property
    def device(self) -> torch.device:
        return self._fabric.device

    def make(
        self,
        name: str,
        config: Mapping[str, Any],
        inputs: Sequence[str],
        produce: Callable[[Path, Context], None],
    ) -> Stage:
        """The named stage, from the store or by `produce`.

        Args:
            name: its kind, one of VERSIONS, and a number where there are several, such as `attack 0`.
            config: JSON values that it depends on; seed, harness and machinery are added.
            inputs: the names of the stages that it reads.
            produce: fills the folder; its context collects the training curves.
        """
        kind = name.split()[0]
        surroundings = {"seed": self._seed, "harness": code_digest(Plugin)}
        if inputs:  # what reads other stages computes; the data is the same wherever it is read
            surroundings |= {
                "device": self._fabric.device.type,
                "precision": self._precision,
                "torch": torch.__version__,
                "timm": timm.__version__,
                **{name: version(name) for name in ("pytorch-metric-learning", "torchmetrics")},
            }

        def produce_seeded(folder: Path) -> None:
            ctx = Context(self._fabric, self._seed, name, self._progress)
            with global_seed(self._seed, name):  # for whatever draws without a generator
                produce(folder, ctx)
            (folder / CURVES).write_text(json.dumps(ctx.curves, indent=1), encoding="utf-8")

        log.info("%s …", name)
        digests = {earlier: self.made[earlier].digest for earlier in inputs}
        stage = self._store.stage(kind, VERSIONS[kind], {**config, **surroundings}, digests, produce_seeded)
        log.info("%s: %s", name, "already there" if stage.cached else f"{stage.manifest.seconds:.1f} s")
        if (before := self.made.get(name)) is not None and before.key == stage.key:
            return before  # what serves twice was made once: its cost and its curves are told already
        self.made[name] = stage
        self.curves += json.loads((stage.folder / CURVES).read_text(encoding="utf-8"))
        return stage


def save_state(state: Mapping[str, Tensor], folder: Path) -> None:
    """Writes what a stage learnt as safetensors."""
    save_file({key: value.detach().cpu().contiguous() for key, value in state.items()}, folder / STATE)
