"""The utility tasks of a run, stage by stage: each is fitted once a kind of images, and shown others in every mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from ..data.splits import Split, pairs_digests
from ..learning.states import load_state
from ..plugins.interfaces import Anonymizer, MeasuringTask, ReadingTask, ShownImages, UtilityTask
from ..protocols.kinds import CONTROL, Kind
from ..protocols.modes import ORIGINALS, ModeKinds, kinds_of
from ..record.scores import TaskOrigin, measured_values, utility_scores, write_scores
from .fitting import keep_what_is_learnt
from .ledgers import learnt_from, ledger_terms
from .release import fitted
from .source import Common, Shown, Source
from .stage_names import TASK_FILE, StageName

if TYPE_CHECKING:
    from ..engine.node import Node, Reads, Work
    from ..learning.context import Context
    from ..protocols.schema import UtilitySection

Task = TypeVar("Task", bound=UtilityTask)


@dataclass(frozen=True)
class FitTask:
    """Fits a utility task to training and validation images of a kind."""

    task: UtilityTask
    kind: Kind
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        shown, guidance = self.source.shown(reads), self.source.guidance(reads, ctx.device)
        train, val = _seen(shown, self.kind, "train"), _seen(shown, self.kind, "val")
        ledger = learnt_from(self.source, reads, self.task.params)
        keep_what_is_learnt(self.task, lambda one: one.fit(train, val, guidance, ctx), folder, ledger)


@dataclass(frozen=True)
class ReadFindings:
    """What a task reads: on validation images of the kind that it knows, and on the mode's test images.

    `learnt` is the stage that it learnt in; None where it adopts what the guidance knows.
    """

    task: ReadingTask
    origin: TaskOrigin
    kinds: ModeKinds
    learnt: StageName | None
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        task, shown = _ready(self.task, self.learnt, self.source, reads, ctx), self.source.shown(reads)
        seen = {"val": _seen(shown, self.kinds.train, "val"), "test": _seen(shown, self.kinds.test, "test")}
        parts = [
            utility_scores(self.origin, name, split, task.predict(split.images, ctx)) for name, split in seen.items()
        ]
        write_scores(pd.concat(parts, ignore_index=True), folder / TASK_FILE)


@dataclass(frozen=True)
class MeasureImages:
    """What a task measures on the mode's test images. `moving` is the anonymizer, where they are released ones."""

    task: MeasuringTask
    origin: TaskOrigin
    kinds: ModeKinds
    learnt: StageName | None
    moving: Anonymizer | None
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        task, shown = _ready(self.task, self.learnt, self.source, reads, ctx), self.source.shown(reads)
        originals, images = shown.attacked("test"), _seen(shown, self.kinds.test, "test").images
        displacement = None if self.moving is None else fitted(self.moving, reads, ctx.device).displacement
        measured = task.measure(ShownImages(images, originals, displacement), ctx)
        write_scores(measured_values(self.origin, originals, measured, task.measures), folder / TASK_FILE)


def _seen(shown: Shown, kind: Kind, name: str) -> Split:
    """A split as a task sees it; of the test's originals those that are released: what is lost is told by the same."""
    if kind is Kind.ANONYMIZED:
        return shown.released(name)
    return shown.attacked(name) if name == "test" else shown.originals[name]


def _ready(task: Task, learnt: StageName | None, source: Source, reads: Reads, ctx: Context) -> Task:
    """An instance that knows what was learnt."""
    made, guidance = task.anew(), source.guidance(reads, ctx.device)
    if learnt is None:
        made.adopt(guidance)
    else:
        made.load_state(load_state(reads[learnt]), guidance, ctx.device)
    return made


@dataclass(frozen=True)
class UtilityStages:
    """The utility tasks of a run."""

    common: Common
    sections: Mapping[str, UtilitySection]
    create: Callable[[str], UtilityTask]
    anonymizer: Anonymizer

    def nodes(self, labels: Sequence[str], unchanged: bool) -> list[Node]:
        """What carries out the tasks of those names in all their modes, and each on originals, as a control."""
        return [self._score(origin, unchanged) for origin in self._origins(labels)]

    def _origins(self, labels: Sequence[str]) -> Iterator[TaskOrigin]:
        for label in labels:
            section, task = self.sections[label], self.create(label)
            for mode in (CONTROL, *section.modes):
                if mode == CONTROL and isinstance(task, MeasuringTask) and not task.has_control:
                    continue
                # What is adopted is one network, however often it is asked.
                adopted = kinds_of(mode).train is Kind.ORIGINAL and self._adopts(label)
                yield from (TaskOrigin(label, mode, seed) for seed in range(1 if adopted else section.seeds))

    def _adopts(self, label: str) -> bool:
        return self.create(label).adopt(self.common.untrained)

    def _score(self, origin: TaskOrigin, unchanged: bool) -> Node:
        """Reads what was learnt, the originals and, if need be, release and anonymizer.

        Where the release is `unchanged`, its images are taken for the originals that they are.
        """
        task, common = self.create(origin.task), self.common
        kinds = ORIGINALS if unchanged else kinds_of(origin.mode)
        fit = (
            None if kinds.train is Kind.ORIGINAL and self._adopts(origin.task) else self._fit(task, kinds.train, origin)
        )
        learnt = None if fit is None else fit.name
        # The displacement is the anonymizer's and not the release's: two may release the same.
        moved = isinstance(task, MeasuringTask) and kinds_of(origin.mode).test is Kind.ANONYMIZED
        moving = [self.anonymizer] if moved else []
        work: Work
        config: dict[str, Any] = task.terms() | {"label": origin.task, "mode": origin.mode, "number": origin.seed}
        config |= {"moved by": [anonymizer.terms() for anonymizer in moving]}
        if isinstance(task, MeasuringTask):
            config |= pairs_digests(common.source.pairs, "test")
            moved_by = self.anonymizer if moving else None
            kind, work = "measure", MeasureImages(task, origin, kinds, learnt, moved_by, common.source)
        else:
            assert isinstance(task, ReadingTask)  # there is no third kind
            kind, work = "utility", ReadFindings(task, origin, kinds, learnt, common.source)
        inputs = [*self._images(kinds), *([] if fit is None else [fit]), *common.guidance]
        name = StageName(kind, (origin.task, origin.mode), origin.seed)
        return common.nodes.node(name, config, [*inputs, *(common.anonymizer for _ in moving)], work, [task, *moving])

    def _fit(self, task: UtilityTask, kind: Kind, origin: TaskOrigin) -> Node:
        """What fits the task to images of that kind; modes that train on the same images share it."""
        common = self.common
        name = StageName("task", (origin.task, kind), origin.seed)
        config = task.terms() | pairs_digests(common.source.pairs, "train", "val")
        config |= {"label": origin.task, "images": kind, "number": origin.seed}
        config |= ledger_terms(common.source, task.params)
        config["guidance"] = common.source.recipe.model_dump(mode="json")  # a task may train as the guidance did
        inputs = [*self._images([kind]), *common.guidance]
        return common.nodes.node(name, config, inputs, FitTask(task, kind, common.source), [task])

    def _images(self, kinds: Iterable[Kind]) -> list[Node]:
        """What holds images of those kinds, and what is known of them."""
        data, releases = self.common.data, self.common.releases
        return [data, releases[0]] if Kind.ANONYMIZED in kinds else [data]
