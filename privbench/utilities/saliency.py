"""Saliency: does the classifier look at the finding, and still at the same place as on the original?"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..data.splits import CELLS, Split
from ..learning.context import Context, Pixels
from ..learning.features import collected_outputs, require_maps, stages_of
from ..learning.guidance import Guidance
from ..learning.networks import Classifier
from ..plugins.interfaces import Measure, MeasuringTask, ShownImages
from ..protocols.modes import Mode

_BATCH = 128
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
        shown, originals = (Pixels(images, ctx.device) for images in (test.images, test.originals.images))
        assert test.originals.locations is not None, "the harness leaves the task out where there are none"
        # A finding that covers no cell has no place to look at.
        located = test.originals.locations.any((2, 3)) & (test.originals.labels == 1)
        sums, counts = np.zeros((2, len(self.measures), len(shown)))
        for finding in np.flatnonzero(located.any(0)):
            for rows in torch.from_numpy(np.flatnonzero(located[:, finding])).split(_BATCH):
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


def grad_cam(classifier: Classifier, images: Tensor, finding: int) -> Tensor:
    """Where the classifier looks for a finding (Selvaraju et al., ICCV 2017), on the grid of locations.

    From the deepest stage whose maps are at least as fine as that grid, or the finest one.

    Shape: (N, 1, H, W), float in [0, 1], to (N, CELLS, CELLS), float, not negative.

    Raises:
        PrivbenchError: the classifier's backbone has no maps of features.
    """
    with torch.enable_grad(), collected_outputs(classifier.model) as stages:
        logits = classifier(images.requires_grad_())
        require_maps(stages, stages_of(classifier.model), type(classifier.model).__name__)
        stage = [one for one in stages if min(one.shape[-2:]) >= CELLS][-1:] or stages[:1]
        gradient = torch.autograd.grad(logits[:, finding].sum(), stage[0])[0]
    weight = gradient.mean((-2, -1), keepdim=True)
    cam = functional.relu((weight * stage[0].detach()).sum(1, keepdim=True)).float()
    return functional.adaptive_avg_pool2d(cam, CELLS)[:, 0]


def inside(cam: Tensor, place: Tensor) -> Tensor:
    """The share of saliency in the finding's cells, 0 where there is no saliency. Shape: (N, CELLS, CELLS) to (N,)."""
    return (cam * place).sum((-2, -1)) / cam.sum((-2, -1)).clamp(min=torch.finfo(cam.dtype).tiny)


def correlation(now: Tensor, before: Tensor) -> Tensor:
    """Pearson's, 0 where `now` is flat, NaN where `before` is. Shape: (N, CELLS, CELLS) both to (N,), -1 to 1."""
    one, other = (cam.flatten(1) - cam.flatten(1).mean(1, keepdim=True) for cam in (now, before))
    return torch.where(other.any(1), functional.cosine_similarity(one, other), torch.nan)
