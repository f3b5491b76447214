"""Smooth pictures made by rule, a training split of them, and what of a release is published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from privbench.data.pairs import NO_PAIRS
from privbench.data.splits import Split
from privbench.plugins.interfaces import Anonymizer

SIDES = (64, 60, 32)
"""Sides of images; blocks of 8 do not fill the second."""


def pictures(side: int, count: int = 6, seed: int = 0) -> Tensor:
    """Smooth random fields from black to white. Shape: (count, 1, side, side), float, of 256 grey values in [0, 1]."""
    coarse = torch.rand(count, 1, 7, 7, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=True)
    low, high = smooth.amin((1, 2, 3), keepdim=True), smooth.amax((1, 2, 3), keepdim=True)
    return published((smooth - low) / (high - low))


def published(images: Tensor) -> Tensor:
    """As 8-bit files hold them. Shape: any, float in [0, 1]."""
    return (images * 255).round() / 255


def grey_levels(images: Tensor) -> Tensor:
    """Grey values from 0 to 255. Shape: any, float in [0, 1] to int64."""
    return (images * 255).round().long()


def training(images: Tensor, patients: list[int]) -> Split:
    """Training images of those patients. Shape: images (N, 1, H, W), float in [0, 1]."""
    table = pd.DataFrame({"patient": [f"{one:03}" for one in patients]})
    return Split(grey_levels(images).to(torch.uint8).numpy(), table, (), NO_PAIRS)


def release(anonymizer: Anonymizer, images: Tensor, seed: int = 0) -> Tensor:
    """What is published of images. Shape: (N, 1, H, W), float in [0, 1], in and out."""
    return published(anonymizer.anonymize(images, torch.Generator().manual_seed(seed)))


def levels_off(found: Tensor, images: Tensor) -> float:
    """The mean absolute difference, in grey levels."""
    return float(255 * (found - images).abs().mean())


def cut(images: Tensor, side: int) -> np.ndarray:
    """The blocks of images, row by row. Shape: (N, 1, H, W) to (N, blocks, side · side)."""
    rows, columns = images.shape[-2] // side, images.shape[-1] // side
    whole = images[:, 0, : rows * side, : columns * side].numpy()
    return whole.reshape(len(whole), rows, side, columns, side).swapaxes(2, 3).reshape(len(whole), -1, side * side)
