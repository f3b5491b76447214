"""The utility tasks of a run, stage by stage: each is fitted once a kind of images, and shown others in every mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..data.splits import Split, pairs_digests
from ..learning.context import Context
from ..learning.states import load_state
from ..plugins.interfaces import Anonymizer, MeasuringTask, ReadingTask, ShownImages, UtilityTask
from ..protocols.kinds import CONTROL, Kind
from ..protocols.modes import ORIGINALS, ModeKinds, kinds_of
from ..record.scores import (
    MEASUREMENT_COLUMNS,
    UTILITY_COLUMNS,
    TaskOrigin,
    joined,
    measured_values,
    read_scores,
    utility_scores,
    write_scores,
)
from .fitting import fitting
from .stage_names import ANONYMIZER, CLASSIFIER, DATA, RELEASE, TASK_FILE, VERIFIER, StageName

if TYPE_CHECKING:
    from ..learning.guidance import Guidance
    from ..protocols.schema import UtilitySection
    from .release import Fitted
    from .stages import Produce, Stages


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
    fitted: Fitted
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
                adopted = self._kinds(mode).train is Kind.ORIGINAL and self.create(label).adopt(self.guidance)
                for seed in range(1 if adopted else section.seeds):
                    task, origin = self.create(label), TaskOrigin(label, mode, seed)
                    if isinstance(task, ReadingTask):
                        readings.append(self._read(task, origin))
                    elif isinstance(task, MeasuringTask) and (mode != CONTROL or task.has_control):
                        values.append(self._measure(task, origin))
        return joined(readings, UTILITY_COLUMNS), joined(values, MEASUREMENT_COLUMNS)

    def _kinds(self, mode: str) -> ModeKinds:
        """The images that a mode trains on and tests on."""
        return ORIGINALS if self.unchanged else kinds_of(mode)

    def _splits(self, kind: Kind) -> Mapping[str, Split]:
        return self.released if kind is Kind.ANONYMIZED else self.originals

    def _ready(self, task: UtilityTask, origin: TaskOrigin) -> StageName:
        """Makes the task ready as the mode says; returns the name of the stage that it learnt in."""
        kind = self._kinds(origin.mode).train
        if kind is Kind.ORIGINAL and task.adopt(self.guidance):
            return CLASSIFIER
        name = StageName("task", (origin.task, kind), origin.seed)
        config = task.terms() | pairs_digests(self.originals, "train", "val")
        config |= {"label": origin.task, "images": kind, "number": origin.seed}
        config["guidance"] = self.guidance.recipe.model_dump(mode="json")  # a task may train as the guidance did
        produce = fitting(task, self._splits(kind), self.guidance)
        stage = self.stages.make(name, config, [*_inputs([kind]), CLASSIFIER, VERIFIER], produce, [task])
        task.load_state(load_state(stage.folder), self.guidance, self.stages.device)
        return name

    def _read(self, task: ReadingTask, origin: TaskOrigin) -> pd.DataFrame:
        """What the task reads: on validation images of the kind that it knows, and on the mode's test images."""
        kinds = self._kinds(origin.mode)

        def produce(folder: Path, ctx: Context) -> None:
            seen = {"val": self._splits(kinds.train)["val"], "test": self._splits(kinds.test)["test"]}
            parts = [
                utility_scores(origin, name, split, task.predict(split.images, ctx)) for name, split in seen.items()
            ]
            write_scores(pd.concat(parts, ignore_index=True), folder / TASK_FILE)

        return self._scored("utility", task, origin, produce)

    def _measure(self, task: MeasuringTask, origin: TaskOrigin) -> pd.DataFrame:
        originals, images = self.originals["test"], self._splits(self._kinds(origin.mode).test)["test"].images
        # The displacement is the anonymizer's and not the release's: two may release the same.
        moving = [self.fitted()] if kinds_of(origin.mode).test is Kind.ANONYMIZED else []

        def produce(folder: Path, ctx: Context) -> None:
            shown = ShownImages(images, originals, moving[0].displacement if moving else None)
            write_scores(
                measured_values(origin, originals, task.measure(shown, ctx), task.measures), folder / TASK_FILE
            )

        return self._scored("measure", task, origin, produce, moving, pairs_digests(self.originals, "test"))

    def _scored(
        self,
        kind: str,
        task: UtilityTask,
        origin: TaskOrigin,
        produce: Produce,
        moving: Sequence[Anonymizer] = (),
        handed: Mapping[str, Any] = MappingProxyType({}),
    ) -> pd.DataFrame:
        """The scores of a stage, which reads what was learnt, the originals and, if need be, release and anonymizer.

        `handed` tells what else the task sees. It may have kept the guidance that it was made ready with.
        """
        fitted = self._ready(task, origin)
        config: dict[str, Any] = task.terms() | {"label": origin.task, "mode": origin.mode, "number": origin.seed}
        config |= {"moved by": [anonymizer.terms() for anonymizer in moving], **handed}
        images = _inputs(self._kinds(origin.mode))
        inputs = list(dict.fromkeys([*images, fitted, CLASSIFIER, VERIFIER, *(ANONYMIZER for _ in moving)]))
        name = StageName(kind, (origin.task, origin.mode), origin.seed)
        return read_scores(self.stages.make(name, config, inputs, produce, [task, *moving]).folder / TASK_FILE)


def _inputs(kinds: Iterable[Kind]) -> list[StageName]:
    """The stages that hold images of those kinds, and what is known of them."""
    return [DATA, RELEASE] if Kind.ANONYMIZED in kinds else [DATA]
