"""Released images beside their originals, measure by measure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.splits import SPACING, Split
from ..learning.context import Context, Pixels
from ..learning.features import feature_maps
from ..learning.networks import Classifier
from ..metrics.deformation import jacobian, lengths
from ..metrics.image_quality import clipped, feature_distance, ms_ssim, psnr, sharpness, ssim

if TYPE_CHECKING:
    from ..plugins.interfaces import ShownImages

_BATCH = 256
_FEATURE_BATCH = 32  # all maps of two batches are held at once


@torch.no_grad()
def compared(test: ShownImages, classifier: Classifier, measures: Iterable[str], ctx: Context) -> dict[str, np.ndarray]:
    """Values by measure, as the task quality declares them; those that no image has are left out.

    Args:
        test: released images with their originals, and the anonymizer's displacement if it tells one.
        classifier: through whose features their distance is seen; one that reads no findings has learnt none.
        measures: the names of the values, in the order in which they come.
        ctx: the stage's surroundings.

    Returns:
        Shape: (N,), float64, each; NaN where an image has no value.
    """
    originals, released = (Pixels(images, ctx.device) for images in (test.originals.images, test.images))
    spacing = _spacing(test.originals)
    values = {name: np.full(len(released), np.nan) for name in measures}
    for rows in torch.arange(len(released)).split(_BATCH):
        before, after = originals[rows], released[rows]
        found = _likeness(before, after, classifier, ctx)
        displacement = test.displacement(before) if test.displacement else None
        if displacement is not None:
            found |= _deformation(displacement.to(ctx.device).float(), spacing[rows].to(ctx.device))
        for name, value in found.items():
            values[name][rows.numpy()] = value.cpu().numpy()
    return {name: value for name, value in values.items() if not np.isnan(value).all()}


def _likeness(before: Tensor, after: Tensor, classifier: Classifier, ctx: Context) -> dict[str, Tensor]:
    return {
        "SSIM": ssim(before, after),
        "MS-SSIM": ms_ssim(before, after),
        "PSNR": psnr(before, after),
        **({"feature distance": _feature_distance(before, after, classifier, ctx)} if classifier.findings else {}),
        "sharpness": sharpness(before, after),
        "clipped pixels": clipped(after),
    }


def _feature_distance(before: Tensor, after: Tensor, classifier: Classifier, ctx: Context) -> Tensor:
    def maps(images: Tensor) -> list[Tensor]:
        with ctx.fabric.autocast():
            return [one.float() for one in feature_maps(classifier, images)]

    parts = zip(before.split(_FEATURE_BATCH), after.split(_FEATURE_BATCH), strict=True)
    return torch.cat([feature_distance(maps(original), maps(released)) for original, released in parts])


def _deformation(displacement: Tensor, spacing: Tensor) -> dict[str, Tensor]:
    """Shape: displacement (N, 2, H, W), in pixels; spacing (N, 2), millimetres per pixel or NaN."""
    in_pixels, in_mm, determinant = lengths(displacement), lengths(displacement, spacing), jacobian(displacement)
    return {
        "displacement median": in_pixels.median,
        "displacement 99th percentile": in_pixels.percentile_99,
        "displacement median in mm": in_mm.median,
        "displacement 99th percentile in mm": in_mm.percentile_99,
        "Jacobian minimum": determinant.lowest,
        "Jacobian maximum": determinant.highest,
        "folded pixels": determinant.folded,
    }


def _spacing(split: Split) -> Tensor:
    """Millimetres per pixel along x and along y, NaN where nobody knows. Shape: (N, 2), float32."""
    return torch.tensor(split.table.reindex(columns=list(SPACING)).to_numpy(np.float32))
