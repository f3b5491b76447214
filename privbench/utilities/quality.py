"""What a release keeps of the images, whatever they are read for: likeness, sharpness, deformation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..data.splits import SPACING, Split
from ..learning.context import Context, Pixels
from ..learning.features import feature_maps
from ..learning.guidance import Guidance
from ..metrics.deformation import jacobian, lengths
from ..metrics.image_quality import clipped, feature_distance, ms_ssim, psnr, sharpness, ssim
from ..plugins.interfaces import Measure, MeasuringTask, ShownImages
from ..protocols.modes import Mode

_BATCH = 256
_FEATURE_BATCH = 32  # all maps of two batches are held at once


class Quality(MeasuringTask):
    """Compares every released image with its original, also through the eyes of the guidance classifier."""

    name = "quality"
    modes: ClassVar[tuple[Mode, ...]] = ("frozen",)
    has_control = False
    measures: ClassVar[dict[str, Measure]] = {
        "SSIM": Measure("", True),
        "MS-SSIM": Measure("", True),
        "PSNR": Measure("dB", True),
        "feature distance": Measure("", False),
        "sharpness": Measure("", None),
        "clipped pixels": Measure("share", None),  # originals have black and white pixels too
        "displacement median": Measure("px", False),
        "displacement 99th percentile": Measure("px", False),
        "displacement median in mm": Measure("mm", False),
        "displacement 99th percentile in mm": Measure("mm", False),
        "Jacobian minimum": Measure("", None),
        "Jacobian maximum": Measure("", None),
        "folded pixels": Measure("share", False),
    }

    def adopt(self, guidance: Guidance) -> bool:
        self._classifier = guidance.classifier
        return True

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        self.adopt(guidance)

    @torch.no_grad()
    def measure(self, test: ShownImages, ctx: Context) -> dict[str, np.ndarray]:
        originals, released = (Pixels(images, ctx.device) for images in (test.originals.images, test.images))
        spacing = _spacing(test.originals)
        values = {name: np.full(len(released), np.nan) for name in self.measures}
        for rows in torch.arange(len(released)).split(_BATCH):
            before, after = originals[rows], released[rows]
            found = self._likeness(before, after, ctx)
            displacement = test.displacement(before) if test.displacement else None
            if displacement is not None:
                found |= _deformation(displacement.to(ctx.device).float(), spacing[rows].to(ctx.device))
            for name, value in found.items():
                values[name][rows.numpy()] = value.cpu().numpy()
        return {name: value for name, value in values.items() if not np.isnan(value).all()}

    def _likeness(self, before: Tensor, after: Tensor, ctx: Context) -> dict[str, Tensor]:
        return {
            "SSIM": ssim(before, after),
            "MS-SSIM": ms_ssim(before, after),
            "PSNR": psnr(before, after),
            "feature distance": self._feature_distance(before, after, ctx),
            "sharpness": sharpness(before, after),
            "clipped pixels": clipped(after),
        }

    def _feature_distance(self, before: Tensor, after: Tensor, ctx: Context) -> Tensor:
        def maps(images: Tensor) -> list[Tensor]:
            with ctx.fabric.autocast():
                return [one.float() for one in feature_maps(self._classifier, images)]

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
