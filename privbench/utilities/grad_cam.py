"""Grad-CAM: where a classifier looks for a finding, and how two such maps compare."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..data.splits import CELLS
from ..learning.features import collected_outputs, require_maps, stages_of
from ..learning.networks import Classifier


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
