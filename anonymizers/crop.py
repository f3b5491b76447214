"""Cropping: the borders are cut off, and the rest is shown as large as the whole was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class CropParams(Params):
    margin: float = Field(0.1, ge=0, lt=0.5, description="what is cut off at each border, of the image's side")


class Crop(Anonymizer):
    """Shows the middle of the image at the size of the whole, bilinear."""

    name = "crop"
    deterministic = True
    moves_pixels_alone = True
    Params = CropParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from privbench.metrics.deformation import moved

        return moved(images, self.displacement(images))

    def displacement(self, images: Tensor) -> Tensor:
        """From each pixel towards the middle, by its distance from there times twice the margin."""
        import torch

        axes = (_offsets(size) * -2 * self.params.margin for size in (images.shape[-1], images.shape[-2]))
        across, down = (axis.to(images) for axis in axes)
        grid = torch.meshgrid(down, across, indexing="ij")
        return torch.stack([grid[1], grid[0]]).expand(len(images), -1, -1, -1)


def _offsets(size: int) -> Tensor:
    """The pixels of a line relative to its middle."""
    import torch

    return torch.arange(size, dtype=torch.float64) - (size - 1) / 2
