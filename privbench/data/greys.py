"""Images in whole grey values of 8 bits, as they are shipped, and back."""

from __future__ import annotations

import torch
from torch import Tensor


def greys_of(images: Tensor) -> Tensor:
    """The nearest grey values. Shape: any, float in [0, 1] but for rounding, to the same, uint8, on the CPU."""
    return (images.clamp(0, 1) * 255).round().to(torch.uint8).cpu()


def images_of(greys: Tensor, like: Tensor) -> Tensor:
    """Grey values of 0 to 255, of any type, as images of that device and type, 1 for white. Shape: any, to the same."""
    return greys.to(like, copy=True).div_(255)
