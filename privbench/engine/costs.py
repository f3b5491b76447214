"""What stages cost, learnt from those that were made: seconds, memory, memory of the device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..base.files import digest_of
from .manifest import MANIFEST, Manifest

if TYPE_CHECKING:
    from .node import Node

_PASSING = {"seed", "number", "label", "code", "libraries", "inputs", "pairs", "source"}
"""Parts of a stage's configuration that its cost does not hang on."""


@dataclass(frozen=True)
class Cost:
    """Seconds; and in MiB the most memory that its process held, and the most of a device's, where they are known."""

    seconds: float
    memory: float | None
    device_memory: float | None = 0


class Costs:
    """Estimates for stages that are to be made, of those like them that were made before."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._known: dict[str, list[_Known]] = {}

    def of(self, node: Node, digests: Mapping[str, str]) -> Cost | None:
        """What the stage will cost; None where none of its kind was made before.

        Its like are, as far as there are any, stages of the same work on the same data; else of the same work on other
        data; else of the same plugin; else of its kind, whose seconds alone are told: an attack without training holds
        nothing of what a training does. The median of their seconds counts, and the most of the rest.

        Args:
            node: the stage.
            digests: those of the stages that it reads, by name, as far as they are known.
        """
        if node.name.kind not in self._known:
            self._known[node.name.kind] = list(self._read(node.name.kind))
        work, device = _work_of(node.config), node.config.get("device")
        of_kind = [one for one in self._known[node.name.kind] if one.device == device]
        of_plugin = [one for one in of_kind if one.plugin == node.config.get("plugin")]
        alike = [one for one in of_plugin if one.work == work]
        same = [one for one in alike if one.data == digests.get("data")]
        if like := [one.cost for one in same or alike or of_plugin]:
            return Cost(
                median(one.seconds for one in like),
                max(one.memory or 0 for one in like),
                max(one.device_memory or 0 for one in like),
            )
        return Cost(median(one.cost.seconds for one in of_kind), None, None) if of_kind else None

    def learn(self, kind: str, told: Manifest) -> None:
        """Takes notice of a stage of that kind that was made just now."""
        if kind in self._known:  # else it is read with the others
            self._known[kind].append(_known(told))

    def _read(self, kind: str) -> Iterator[_Known]:
        for file in sorted((self._store / kind).glob(f"*/{MANIFEST}")):
            try:
                yield _known(Manifest.model_validate_json(file.read_bytes()))
            except (OSError, ValidationError):  # whoever takes the stage is told what is wrong with it
                continue


@dataclass(frozen=True)
class _Known:
    """A stage that was made: where, by which plugin, what it did, on which data."""

    device: str | None
    plugin: str | None
    work: str
    data: str | None
    cost: Cost


def _known(told: Manifest) -> _Known:
    config, cost = told.config, Cost(told.seconds, told.peak_memory_mib, told.device_memory_mib or 0)
    return _Known(config.get("device"), config.get("plugin"), _work_of(config), told.inputs.get("data"), cost)


def _work_of(config: Mapping[str, Any]) -> str:
    return digest_of({name: value for name, value in config.items() if name not in _PASSING})
