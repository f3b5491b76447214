"""What a utility task promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..interfaces import UtilityTask
from ..seeds import global_seed
from .promises import Promises, close_scores, insist
from .surroundings import Surroundings


class UtilityPromises(Promises[UtilityTask]):
    """Of a utility task, which has no state: every test fits a fresh one."""

    kind = UtilityTask

    def promises(self) -> dict[str, Callable[[], None]]:
        return {
            "fitting and predicting repeat, and do not look at test images": self.repeats,
            "scores are finite and of the right shape": self.shape,
            "an image's scores do not depend on its order": self.order,
        }

    def _predict(self, around: Surroundings, images: np.ndarray) -> np.ndarray:
        task = self.create()
        with global_seed(0, "contract"):
            task.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
        return task.predict(images, around.context())

    @property
    def _images(self) -> np.ndarray:
        return self.around.splits["test"].images

    def repeats(self) -> None:
        other = self._predict(self.around.with_other_test_images(), self._images)
        close_scores(other, self._predict(self.around, self._images), "with other test images at hand")

    def shape(self) -> None:
        scores = self._predict(self.around, self._images)
        expected = self.around.splits["test"].labels.shape
        insist(scores.shape == expected, f"the shape is {scores.shape}, not {expected}")
        insist(bool(np.isfinite(scores).all()), "some scores are no numbers")

    def order(self) -> None:
        backwards = self._predict(self.around, self._images[::-1].copy())[::-1]
        close_scores(backwards, self._predict(self.around, self._images), "in another order")
