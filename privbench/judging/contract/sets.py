"""What an anonymizer of whole sets promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...data.splits import Split
from ...learning.context import Pixels
from ...learning.generators import global_seed
from ...plugins.interfaces import Anonymizer, SetAnonymizer
from .anonymizers import AnonymizerPromises
from .promises import TOLERANCE, close, insist


class SetPromises(AnonymizerPromises):
    """Of a set, whose images may hang on one another: in its order, and on nothing of other splits."""

    kind = SetAnonymizer

    def promises(self) -> dict[str, Callable[[], None]]:
        tests = super().promises()
        for of_single_images in (self.shape_and_range, self.input_is_untouched, self.batch):
            tests = {promise: test for promise, test in tests.items() if test != of_single_images}
        return tests | {
            "number, shape, dtype and range are kept": self.shape_and_range,
            "a split's release does not depend on other splits": self.other_splits,
            "a split's release does not depend on what lies beside it in memory": self.other_memory,
        }

    def observe(self, plugin: Anonymizer) -> dict[str, np.ndarray]:
        return {"released": self._set(plugin, self.around.splits["test"]).cpu().numpy()}

    @torch.no_grad()
    def _set(self, anonymizer: Anonymizer, split: Split, seed: int = 1) -> Tensor:
        """The release of those images of a split that are published, as a run asks for it."""
        published = anonymizer.published(split.table)
        part = split if published.all() else split.among(np.flatnonzero(published))
        pixels = Pixels(part.images, self.around.fabric.device)
        return torch.cat(list(anonymizer.anonymize_set(pixels, part.table, torch.Generator().manual_seed(seed))))

    def shape_and_range(self) -> None:
        test = self.around.splits["test"]
        for split in (test, test.among(np.arange(len(test.images) // 2)), test.among(np.arange(2))):
            there = (int(self.ready.published(split.table).sum()), *split.images.shape[1:])
            if not there[0]:
                continue  # no run asks for the release of nothing
            released = self._set(self.ready, split)
            insist(released.shape == there, f"{there} became {tuple(released.shape)}")
            insist(released.dtype.is_floating_point, f"the values are {released.dtype}, not floats")
            insist(bool(released.isfinite().all()), f"some values are no numbers; the images are {len(split.images)}")
            low, high = float(released.min()), float(released.max())
            insist(low >= -TOLERANCE and high <= 1 + TOLERANCE, f"values from {low:g} to {high:g} leave [0, 1]")

    def noise(self) -> None:
        test, anonymizer = self.around.splits["test"], self.ready
        released = self._set(anonymizer, test).cpu()
        with global_seed(1, "another"):
            close(self._set(anonymizer, test).cpu(), released, "twice with the same generator")
        varies = bool((self._set(anonymizer, test, seed=2).cpu() - released).abs().max() > TOLERANCE)
        seen = f"declared deterministic = {anonymizer.deterministic}, and another generator "
        insist(varies != anonymizer.deterministic, seen + ("changes the release" if varies else "changes nothing"))

    def other_splits(self) -> None:
        splits, learnt = self.around.splits, self.ready.state()
        alone, after = self.prepare(learnt), self.prepare(learnt)
        self._set(after, splits["train"])
        first, second = (self._set(one, splits["test"]).cpu() for one in (alone, after))
        close(first, second, "after the training split and without it")

    def other_memory(self) -> None:
        beside = self.around.with_other_test_images().splits["train"]
        first, second = (self._set(self.ready, split).cpu() for split in (self.around.splits["train"], beside))
        close(first, second, "next to other test images")
