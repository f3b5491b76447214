"""Saliency: does the classifier look at the finding, and still at the same place as on the original?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..plugins.interfaces import Measure, MeasuringTask, ShownImages
from ..protocols.modes import Mode

if TYPE_CHECKING:
    from ..data.splits import Split
    from ..learning.context import Context
    from ..learning.guidance import Guidance

_BATCH = 128  # images of 64 x 64 pixels, or as many pixels of larger ones: their maps are kept for the gradient
_INSIDE, _FLAT, _AGREEMENT = "saliency inside the finding", "the same of a flat map", "saliency agreement"


class Saliency(MeasuringTask):
    """Grad-CAM of the guidance classifier for every finding that an image has, on the grid of its locations.

    Per image, as means over its findings: the share of saliency inside the finding, that of a map which looks
    everywhere alike, and the correlation of the map with that of the original image.
    """

    name = "saliency"
    needs = ("locations",)
    modes: ClassVar[tuple[Mode, ...]] = ("frozen",)
    measures: ClassVar[dict[str, Measure]] = {
        _INSIDE: Measure("share", True),
        _FLAT: Measure("share", None),
        _AGREEMENT: Measure("", True),
    }

    def adopt(self, guidance: Guidance) -> bool:
        self._classifier = guidance.classifier
        return True

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        self.adopt(guidance)

    def measure(self, test: ShownImages, ctx: Context) -> dict[str, np.ndarray]:
        import torch

        from ..learning.context import Pixels, batch_of
        from .grad_cam import correlation, grad_cam, inside

        shown, originals = (Pixels(images, ctx.device) for images in (test.images, test.originals.images))
        assert test.originals.locations is not None, "the harness leaves the task out where there are none"
        # A finding that covers no cell has no place to look at.
        located = test.originals.locations.any((2, 3)) & (test.originals.labels == 1)
        sums, counts = np.zeros((2, len(self.measures), len(shown)))
        for finding in np.flatnonzero(located.any(0)):
            for rows in torch.from_numpy(np.flatnonzero(located[:, finding])).split(batch_of(_BATCH, shown.side)):
                place = torch.from_numpy(test.originals.locations[rows.numpy(), finding]).to(ctx.device) / 255
                now, before = (grad_cam(self._classifier, pixels[rows], int(finding)) for pixels in (shown, originals))
                values = torch.stack(
                    [inside(now, place), inside(torch.ones_like(now), place), correlation(now, before)]
                )
                told = ~values.isnan()
                sums[:, rows.numpy()] += values.nan_to_num().cpu().double().numpy()
                counts[:, rows.numpy()] += told.cpu().numpy()
        with np.errstate(invalid="ignore"):
            return dict(zip(self.measures, sums / counts, strict=True))
