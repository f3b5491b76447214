"""The utility tasks of a run, stage by stage: each is fitted once a kind of images, and shown others in every mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from safetensors.torch import load_file

from ..data.splits import Split
from ..learning.context import Context
from ..learning.guidance import Guidance
from ..plugins.interfaces import Anonymizer, MeasuringTask, ReadingTask, ShownImages, UtilityTask
from ..plugins.registry import identity
from ..protocols.modes import Images, images_of
from ..protocols.schema import UtilitySection
from ..record.scores import (
    CONTROL,
    MEASUREMENT_COLUMNS,
    UTILITY_COLUMNS,
    TaskOrigin,
    joined,
    measured_values,
    read_scores,
    utility_scores,
    write_scores,
)
from .stages import STATE, Stages, save_state

_SCORES = "scores.parquet"


@dataclass(frozen=True)
class UtilityStages:
    """What the utility tasks of a run are made from.

    `unchanged` tells that the release is the original data to the bit: then nothing is fitted twice to the same.
    """

    stages: Stages
    sections: Mapping[str, UtilitySection]
    create: Callable[[str], UtilityTask]
    originals: Mapping[str, Split]
    released: Mapping[str, Split]
    unchanged: bool
    anonymizer: Anonymizer
    guidance: Guidance

    def run(self, labels: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Carries out the tasks of those names in all their modes, and each on originals, as a control.

        Returns the log-odds of findings, and the values of images.
        """
        readings, values = [], []
        for label in labels:
            section = self.sections[label]
            for mode in (CONTROL, *section.modes):
                # What is adopted is one network, however often it is asked.
                adopted = self._kinds(mode).train == "O" and self.create(label).adopt(self.guidance)
                for seed in range(1 if adopted else section.seeds):
                    task, origin = self.create(label), TaskOrigin(label, mode, seed)
                    if isinstance(task, ReadingTask):
                        readings.append(self._read(task, origin))
                    elif isinstance(task, MeasuringTask) and (mode != CONTROL or task.has_control):
                        values.append(self._measure(task, origin))
        return joined(readings, UTILITY_COLUMNS), joined(values, MEASUREMENT_COLUMNS)

    def _kinds(self, mode: str) -> Images:
        """The images that a mode trains on and tests on."""
        return Images("O", "O") if self.unchanged else images_of(mode)

    def _splits(self, kind: str) -> Mapping[str, Split]:
        return self.released if kind == "A" else self.originals

    def _ready(self, task: UtilityTask, origin: TaskOrigin) -> str:
        """Makes the task ready as the mode says; returns the name of the stage that it learnt in."""
        kind = self._kinds(origin.mode).train
        if kind == "O" and task.adopt(self.guidance):
            return "classifier"
        name = f"task {origin.task} {kind} {origin.seed}"

        def make(folder: Path, ctx: Context) -> None:
            splits = self._splits(kind)
            task.fit(splits["train"], splits["val"], self.guidance, ctx)
            save_state(task.state(), folder)

        config = identity(task, code=True) | {"label": origin.task, "images": kind, "number": origin.seed}
        config["guidance"] = self.guidance.recipe.model_dump(mode="json")  # a task may train as the guidance did
        stage = self.stages.make(name, config, [*self._inputs(kind), "classifier"], make)
        task.load_state(load_file(stage.folder / STATE), self.guidance, self.stages.device)
        return name

    def _read(self, task: ReadingTask, origin: TaskOrigin) -> pd.DataFrame:
        """What the task reads: on validation images of the kind that it knows, and on the mode's test images."""
        kinds = self._kinds(origin.mode)

        def make(folder: Path, ctx: Context) -> None:
            seen = {"val": self._splits(kinds.train)["val"], "test": self._splits(kinds.test)["test"]}
            parts = [
                utility_scores(origin, name, split, task.predict(split.images, ctx)) for name, split in seen.items()
            ]
            write_scores(pd.concat(parts, ignore_index=True), folder / _SCORES)

        return self._scored("utility", task, origin, make)

    def _measure(self, task: MeasuringTask, origin: TaskOrigin) -> pd.DataFrame:
        originals, images = self.originals["test"], self._splits(self._kinds(origin.mode).test)["test"].images
        moved = images_of(origin.mode).test == "A"

        def make(folder: Path, ctx: Context) -> None:
            shown_images = ShownImages(images, originals, self.anonymizer.displacement if moved else None)
            values = task.measure(shown_images, ctx)
            write_scores(measured_values(origin, originals, values, task.measures), folder / _SCORES)

        # The displacement is the anonymizer's and not the release's: two may release the same.
        more = {"anonymizer": identity(self.anonymizer, code=True)} if moved else {}
        return self._scored("measure", task, origin, make, more, ["anonymizer"] if moved else [])

    def _scored(
        self,
        kind: str,
        task: UtilityTask,
        origin: TaskOrigin,
        make: Callable[[Path, Context], None],
        more: Mapping[str, Any] = MappingProxyType({}),
        read: Sequence[str] = (),
    ) -> pd.DataFrame:
        """The scores of a stage, which reads what was learnt, the originals and, if need be, the release."""
        fitted, images = self._ready(task, origin), "".join(self._kinds(origin.mode))
        config = identity(task, code=True) | {"label": origin.task, "mode": origin.mode, "number": origin.seed, **more}
        inputs = [*self._inputs(images), fitted, *read]
        stage = self.stages.make(f"{kind} {origin.task} {origin.mode} {origin.seed}", config, inputs, make)
        return read_scores(stage.folder / _SCORES)

    def _inputs(self, kinds: str) -> list[str]:
        return ["data", "release"] if "A" in kinds else ["data"]
