"""Where the time and the memory of a run went: by stage, and within its trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.timing import EpochTime
from ..engine.manifest import examine
from ..engine.store import Store
from ..learning.clock import PHASES
from ..record.run import RunRecord, StageRecord


@dataclass(frozen=True)
class TrainingCost:
    """A training of a stage: its steps, and the seconds of its parts, by name.

    The seconds are the device's, where it had one, but for `waiting`, which is the processor's. `rate` is in
    floating-point operations a second, of what was neither data, nor waiting, nor validation; None where they were not
    counted.
    """

    stage: str
    training: str
    steps: int
    seconds: dict[str, float]
    rate: float | None

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


@dataclass(frozen=True)
class StageCost:
    """A stage, what it cost when it was made, and whether the run took it from the store.

    `processor` is how many cores it kept busy on average. It, the device's memory and the trainings are None and empty
    where the store does not hold the stage any more, or an older privbench made it.
    """

    name: str
    cached: bool
    seconds: float
    memory_mib: float
    processor: float | None
    device_memory_mib: float | None
    trainings: Sequence[TrainingCost]


def profile_of(record: RunRecord, store: Path) -> list[StageCost]:
    """The stages of a run, the longest first."""
    return sorted((_cost(stage, store) for stage in record.stages), key=lambda one: -one.seconds)


def _cost(stage: StageRecord, store: Path) -> StageCost:
    manifest, _ = examine(Store(store).folder(stage.name.partition(" ")[0], stage.key))
    if manifest is None or manifest.digest != stage.digest:
        return StageCost(stage.name, stage.cached, stage.seconds, stage.peak_memory_mib, None, None, ())
    used, seconds = manifest.processor_seconds, manifest.seconds
    return StageCost(
        name=stage.name,
        cached=stage.cached,
        seconds=seconds,
        memory_mib=manifest.peak_memory_mib,
        processor=None if used is None or not seconds else used / seconds,
        device_memory_mib=manifest.device_memory_mib,
        trainings=trainings_of(stage.name, manifest.trainings or ()),
    )


def trainings_of(stage: str, epochs: Sequence[EpochTime]) -> list[TrainingCost]:
    """Epochs added up, training by training, in their order."""
    by_training: dict[str, list[EpochTime]] = {}
    for one in epochs:
        by_training.setdefault(one.training, []).append(one)
    return [_added(stage, title, own) for title, own in by_training.items()]


def _added(stage: str, title: str, epochs: Sequence[EpochTime]) -> TrainingCost:
    seconds: dict[str, float] = {name: sum(_seconds(one, name) for one in epochs) for name in PHASES}
    computing = sum(seconds[name] for name in ("forward", "backward", "optimizer"))
    counted = [one.flops for one in epochs if one.flops is not None]
    known = len(counted) == len(epochs) and sum(counted) > 0 and computing > 0
    steps = sum(one.steps for one in epochs)
    return TrainingCost(stage, title, steps, seconds, sum(counted) / computing if known else None)


def _seconds(epoch: EpochTime, name: str) -> float:
    told = epoch.seconds if epoch.device_seconds is None or name == "waiting" else epoch.device_seconds
    return told.get(name, 0.0)
