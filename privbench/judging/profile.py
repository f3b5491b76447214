"""Where the time and the memory of a run went: by stage, and within its trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.timing import Decoding, EpochTime
from ..engine.manifest import examine
from ..engine.store import Store
from ..learning.clock import PHASES
from ..record.run import RunRecord, StageRecord


@dataclass(frozen=True)
class TrainingCost:
    """A training of a stage: its steps, and the seconds of its parts, by name.

    `processor_seconds` add up to the time of the clock. `device_seconds` are the same time as the device spent it that
    the processor gave work to, and None where it had no clock of its own: the two are never added. `rate` is in
    floating-point operations a second, of forward, backward and optimizer; `optimizer_rate` in bytes a second, of the
    optimizer alone; each None where nothing was counted.
    """

    stage: str
    training: str
    steps: int
    processor_seconds: dict[str, float]
    device_seconds: dict[str, float] | None
    rate: float | None
    optimizer_rate: float | None

    @property
    def total(self) -> float:
        """Seconds of the clock."""
        return sum(self.processor_seconds.values())

    @property
    def parts(self) -> dict[str, float]:
        """The seconds of what computed: the device's where it tells them, else the processor's."""
        return self.processor_seconds if self.device_seconds is None else self.device_seconds


@dataclass(frozen=True)
class StageCost:
    """A stage, what it cost when it was made, and whether the run took it from the store.

    `processor` is how many cores it kept busy on average. It, the device's memory, the trainings and what it decoded
    are None and empty where the store does not hold the stage any more, or an older privbench made it; `decoding` is
    None, too, of a stage that read no image from a file.
    """

    name: str
    cached: bool
    seconds: float
    memory_mib: float
    processor: float | None
    device_memory_mib: float | None
    trainings: Sequence[TrainingCost]
    decoding: Decoding | None


def profile_of(record: RunRecord, store: Path) -> list[StageCost]:
    """The stages of a run, the longest first."""
    return sorted((_cost(stage, store) for stage in record.stages), key=lambda one: -one.seconds)


def _cost(stage: StageRecord, store: Path) -> StageCost:
    manifest, _ = examine(Store(store).folder(stage.name.partition(" ")[0], stage.key))
    if manifest is None or manifest.digest != stage.digest:
        return StageCost(stage.name, stage.cached, stage.seconds, stage.peak_memory_mib, None, None, (), None)
    used, seconds = manifest.processor_seconds, manifest.seconds
    return StageCost(
        name=stage.name,
        cached=stage.cached,
        seconds=seconds,
        memory_mib=manifest.peak_memory_mib,
        processor=None if used is None or not seconds else used / seconds,
        device_memory_mib=manifest.device_memory_mib,
        trainings=trainings_of(stage.name, manifest.trainings or ()),
        decoding=manifest.decoding,
    )


def trainings_of(stage: str, epochs: Sequence[EpochTime]) -> list[TrainingCost]:
    """Epochs added up, training by training, in their order."""
    by_training: dict[str, list[EpochTime]] = {}
    for one in epochs:
        by_training.setdefault(one.training, []).append(one)
    return [_added(stage, title, own) for title, own in by_training.items()]


def _added(stage: str, title: str, epochs: Sequence[EpochTime]) -> TrainingCost:
    processor = _parts([one.seconds for one in epochs])
    told = [one.device_seconds for one in epochs if one.device_seconds is not None]
    device = _parts(told) if len(told) == len(epochs) else None
    if device is not None:  # which waits for nobody: meanwhile it sends the losses
        device["forward"] += device.pop("waiting")
    parts = processor if device is None else device
    return TrainingCost(
        stage=stage,
        training=title,
        steps=sum(one.steps for one in epochs),
        processor_seconds=processor,
        device_seconds=device,
        rate=_rate([one.flops for one in epochs], parts["forward"] + parts["backward"] + parts["optimizer"]),
        optimizer_rate=_rate([one.optimizer_bytes for one in epochs], parts["optimizer"]),
    )


def _parts(epochs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The seconds of each part, of all epochs."""
    return {name: sum(one.get(name, 0.0) for one in epochs) for name in PHASES}


def _rate(counts: Sequence[float | None], seconds: float) -> float | None:
    """What all epochs did, a second; None where one does not tell, or there was nothing."""
    known = [one for one in counts if one is not None]
    return sum(known) / seconds if len(known) == len(counts) and sum(known) > 0 and seconds > 0 else None
