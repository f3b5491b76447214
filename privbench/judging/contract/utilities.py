"""What a utility task promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ...data.splits import Split
from ...learning.generators import global_seed
from ...plugins.interfaces import MeasuringTask, ReadingTask, ShownImages, UtilityTask
from ...protocols.kinds import Compared, Kind
from ...protocols.modes import MODES
from .promises import LearnerPromises, close_scores, insist, through_a_file
from .surroundings import EDGES, Surroundings

_NEEDS = ("masks", "locations")


class UtilityPromises(LearnerPromises[UtilityTask]):
    """Of a utility task, made ready as the harness does it: by what it adopts, by fitting, or in both ways."""

    kind = UtilityTask

    def promises(self) -> dict[str, Callable[[], None]]:
        return {
            "its modes and needs are known ones": self.declarations,
            "fitting repeats to the bit": self.fitting_repeats,
            "fitting does not look at test images": self.test_is_not_seen,
            "fitting does without masks where it needs none": self.fitting_without_masks,
            "the guidance is left as it was": self.guidance_is_lent,
            "images, tables, parameters and global random states are left as they were": self.nothing_is_changed,
            "values of dark, bright, grey and equal images are finite": self.edges,
            "values are finite and of the right shape": self.shape,
            "an image's values do not depend on its order": self.order,
            "a saved state does the same when it is loaded": self.state,
        }

    def fit(self, around: Surroundings) -> UtilityTask:
        """Adopted instead, where a task never learns from released images."""
        task = self.create()
        if self._learns_of_releases or not task.adopt(around.guidance):
            with global_seed(0, "contract"):
                task.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
        return task

    def observe(self, plugin: UtilityTask) -> dict[str, np.ndarray]:
        return {
            f"{name} of {kind} images": values
            for kind in self._kinds()
            for name, values in self._values(plugin, kind).items()
        }

    def prepare(self, state: dict[str, Tensor]) -> UtilityTask:
        if self._stores_nothing and (adopted := self._adopted()) is not None:
            return adopted
        task = self.create()
        task.load_state(state, self.around.guidance, self.around.fabric.device)
        return task

    @property
    def _learns_of_releases(self) -> bool:
        return any(images.train is Kind.ANONYMIZED for mode, images in MODES.items() if mode in self.create().modes)

    def _adopted(self) -> UtilityTask | None:
        """An instance with what the guidance knows; None where the task has to be fitted."""
        task = self.create()
        return task if task.adopt(self.around.guidance) else None

    def _every(self) -> Iterator[UtilityTask]:
        """Made ready in each way in which the harness does it."""
        yield self.ready
        if self._learns_of_releases and (adopted := self._adopted()) is not None:
            yield adopted

    def _kinds(self) -> list[Kind]:
        """The kinds of test images that it is shown."""
        task = self.create()
        kinds = {images.test for mode, images in MODES.items() if mode in task.modes}
        return sorted(
            kinds | {Kind.ORIGINAL} if isinstance(task, ReadingTask) or getattr(task, "has_control", False) else kinds
        )

    def _values(self, task: UtilityTask, kind: Kind, *, backwards: bool = False) -> dict[str, np.ndarray]:
        """What it says of the test images, by measure; of findings under one name. Shape: (N, …)."""
        shown = Compared.ACROSS if kind is Kind.ANONYMIZED else Compared.ORIGINALS
        test, images = self.around.splits["test"], self.around.gallery(shown).probes
        if backwards:
            test, images = _backwards(test), images[::-1].copy()
        if isinstance(task, ReadingTask):
            return {"log-odds": task.predict(images, self.around.context())}
        assert isinstance(task, MeasuringTask)
        given = ShownImages(images, test, _shift if kind is Kind.ANONYMIZED else None)
        return task.measure(given, self.around.context())

    def declarations(self) -> None:
        task = self.create()
        insist(isinstance(task, ReadingTask | MeasuringTask), "it is no ReadingTask and no MeasuringTask")
        insist(bool(task.modes), "it makes sense in no mode")
        for what, told, known in (("modes", task.modes, tuple(MODES)), ("needs", task.needs, _NEEDS)):
            unknown = sorted(set(told) - set(known))
            insist(not unknown, f"its {what} {unknown} are none of {', '.join(known)}")

    def shape(self) -> None:
        test = self.around.splits["test"]
        for task in self._every():
            for kind in self._kinds():
                values = self._values(task, kind)
                if isinstance(task, ReadingTask):
                    scores = values["log-odds"]
                    insist(scores.shape == test.labels.shape, f"the shape is {scores.shape}, not {test.labels.shape}")
                    insist(bool(np.isfinite(scores).all()), "some scores are no numbers")
                    continue
                assert isinstance(task, MeasuringTask)
                unknown = sorted(set(values) - set(task.measures))
                insist(not unknown, f"it measures {unknown} and declares {list(task.measures)}")
                for name, measured in values.items():
                    insist(measured.shape == (len(test.table),), f"the shape of {name!r} is {measured.shape}")
                    insist(not np.isinf(measured).any(), f"some values of {name!r} are infinite")

    def order(self) -> None:
        for task in self._every():
            for kind in self._kinds():
                backwards = {name: values[::-1] for name, values in self._values(task, kind, backwards=True).items()}
                _same_values(backwards, self._values(task, kind), "in another order")

    def edges(self) -> None:
        """In place of the first test images, whose masks and labels they get."""
        test, edges = self.around.splits["test"], self.around.edges
        images = np.concatenate([edges, test.images[len(edges) :]])
        for task in self._every():
            if isinstance(task, ReadingTask):
                scores = task.predict(images, self.around.context())[: len(edges)]
                wrong = ~np.isfinite(scores).all(1)
            else:
                assert isinstance(task, MeasuringTask)
                values = task.measure(ShownImages(images, test.with_images(images), _shift), self.around.context())
                wrong = np.any([np.isinf(one[: len(edges)]) for one in values.values()], 0)
            insist(not np.any(wrong), f"of {EDGES[int(np.argmax(wrong))]}, some values are no numbers")

    def fitting_without_masks(self) -> None:
        if not self.create().needs:
            super().fitting_without_masks()

    @property
    def _stores_nothing(self) -> bool:
        """Whether it is never fitted."""
        return not self._learns_of_releases and self._adopted() is not None

    def state(self) -> None:
        if not self._stores_nothing:
            twin = self.prepare(through_a_file(self.ready.state()))
            _same_values(self.observe(twin), self.observe(self.ready), "after loading")


def _shift(images: Tensor) -> Tensor:
    """The displacement of an anonymizer that moves every image half a pixel. Shape: (N, 1, H, W) to (N, 2, H, W)."""
    return torch.full_like(images, 0.5).expand(-1, 2, -1, -1)


def _backwards(split: Split) -> Split:
    """The same images, last first."""
    pairs = replace(
        split.pairs,
        probe=len(split.images) - 1 - split.pairs.probe,
        reference=len(split.images) - 1 - split.pairs.reference,
    )
    return replace(
        split,
        images=split.images[::-1].copy(),
        table=split.table.iloc[::-1].reset_index(drop=True),
        pairs=pairs,
        masks=None if split.masks is None else split.masks[::-1].copy(),
        locations=None if split.locations is None else split.locations[::-1].copy(),
    )


def _same_values(first: dict[str, np.ndarray], second: dict[str, np.ndarray], what: str) -> None:
    """Insists that the same images have values, and that these differ by no more than rounding."""
    insist(first.keys() == second.keys(), f"{what}: {sorted(first.keys() ^ second.keys())} are measured once alone")
    for name, values in first.items():
        there = np.isfinite(values)
        insist(np.array_equal(there, np.isfinite(second[name])), f"{what}: other images have a value of {name!r}")
        if there.any():
            close_scores(values[there], second[name][there], f"{name} {what}")
