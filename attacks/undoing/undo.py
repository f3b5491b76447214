"""What an undo is, and what it is fitted to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privbench.data.greys import greys_of

from .portraits import Portraits


@dataclass(frozen=True)
class OwnPairs:
    """The attacker's own pairs of release and original, and what originals look like; and the device, for what is dear.

    Shape: both (N, 1, H, W), uint8, row i of both the same radiograph.
    """

    released: np.ndarray
    originals: np.ndarray
    portraits: Portraits
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - it cannot be changed


@dataclass(frozen=True)
class Undo(ABC):
    """Makes of releases what their originals may have been."""

    @abstractmethod
    def __call__(self, images: Tensor) -> Tensor:
        """Shape: (N, 1, H, W), uint8, to the same."""

    def state(self) -> dict[str, Tensor]:
        """All that it has to know: its fields, unless it says otherwise."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def of_examples(self, examples: OwnPairs) -> Tensor:
        """The releases that it was fitted to undone, none by what was learnt of its own original.

        A network that learns from them learns from images like those that it will be shown.

        Shape: (N, 1, H, W), uint8.
        """
        return self.images(examples.released)

    def images(self, images: np.ndarray) -> Tensor:
        """The same, some at a time. Shape: (N, 1, H, W), uint8, to the same."""
        undone = torch.empty(images.shape, dtype=torch.uint8)
        for at in range(0, len(images), BATCH):
            undone[at : at + BATCH] = self(torch.from_numpy(np.array(images[at : at + BATCH])))
        return undone


BATCH = 512


def as_floats(images: Tensor) -> Tensor:
    """Shape: (N, 1, H, W), uint8, to (N, H·W), float in [0, 1]."""
    return images.flatten(1).float() / 255


def as_images(flat: Tensor, like: Tensor) -> Tensor:
    """Shape: (N, H·W), float, to that of `like`, uint8."""
    return greys_of(flat).view_as(like)


def shrunk(images: Tensor, side: int) -> Tensor:
    """The means of their parts, so many a side; smaller images as they are. Shape: (N, 1, H, W), float."""
    return images if images.shape[-1] <= side else functional.adaptive_avg_pool2d(images, side)
