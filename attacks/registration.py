"""Finds out where an anonymizer moved each pixel and how it changed its grey value, and undoes it.

An attacker who has the anonymizer has pairs of an image and its release. Over many of them, a pixel of the original
varies together with the pixel that carries its content now: wherever it was moved to, mirrored, rotated, shuffled or
warped, inverted or stretched, it is the one that correlates most. What is the same for every image is undone so, in
one pass and without training; what differs from image to image is left to whatever looks at the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from privbench.learning.context import Pixels

_SAMPLES = 1000
_COLUMNS = 1024
_TABLE = 2**24
"""Correlations that are held at once, beside their sizes: 64 MiB each. Of 256 x 256 pixels there are 2**32."""
_ERRORS = 5  # standard errors, by which another place must correlate better than a pixel's own


@dataclass(frozen=True)
class Registration:
    """For each pixel of the original where it lies in the release, and the line that gives its grey value.

    Shape: source (H·W,), int64; gain and offset (H·W,), float32.
    """

    source: Tensor
    gain: Tensor
    offset: Tensor

    def to(self, device: torch.device) -> Registration:
        """The same on that device, to undo what lies there."""
        return Registration(*(part.to(device) for part in (self.source, self.gain, self.offset)))

    def undo(self, images: Tensor) -> Tensor:
        """Released images as they were before, as far as one can tell. Shape: (N, 1, H, W), float in [0, 1]."""
        return (images.flatten(1)[:, self.source] * self.gain + self.offset).clamp(0, 1).view_as(images)


@torch.no_grad()
def register(
    released: np.ndarray, originals: np.ndarray, rng: np.random.Generator, device: torch.device
) -> Registration:
    """Learns the registration from images and their releases.

    A pixel is taken from where the release correlates most with it, in absolute value, over at most 1,000 images; from
    its own place, and with its own sign, where no other is clearly better (five standard errors of Fisher's z) or none
    is better than the best of as many chances. So noise moves nothing. The grey value is matched in mean and standard
    deviation.

    Shape: both (N, 1, H, W), uint8; row i of both is the same radiograph.
    """
    rows = np.sort(rng.permutation(len(originals))[:_SAMPLES])
    before, mean, std = _standardized(_chosen(originals, rows, device))
    after, moved_mean, moved_std = _standardized(_chosen(released, rows, device))
    count, pixels = before.shape
    chance = float(np.sqrt(2 * np.log(pixels**2) / count))
    own = (before * after).sum(0) / count
    source, correlation = torch.arange(pixels, device=device), own.clone()
    for columns in torch.arange(pixels, device=device).split(max(1, min(_COLUMNS, _TABLE // pixels))):
        table = (before[:, columns].T @ after).div_(count)
        best = table.abs().argmax(1)
        value = table.gather(1, best[:, None])[:, 0]
        better = (value.abs() > chance) & (_z(value) > _z(own[columns]) + _ERRORS / count**0.5)
        source[columns[better]], correlation[columns[better]] = best[better], value[better]
    sign = torch.where(correlation < -chance, -1.0, 1.0)
    gain = sign * std / moved_std[source]
    gain[moved_std[source] == 1] = 0  # a pixel that never changes says nothing
    return Registration(source.cpu(), gain.cpu(), (mean - gain * moved_mean[source]).cpu())


def _chosen(images: np.ndarray, rows: np.ndarray, device: torch.device) -> Tensor:
    """Some of the images, which alone have to fit the device. Shape: (n, 1, H, W), float in [0, 1]."""
    return Pixels(np.asarray(images[rows]), device)[torch.arange(len(rows))]


def _standardized(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Every pixel with mean 0 and standard deviation 1 over the images, and what they were; 1 for a constant one."""
    flat = images.flatten(1)
    mean, std = flat.mean(0), flat.std(0, correction=0)
    std = torch.where(std < 1e-4, torch.ones_like(std), std)
    return (flat - mean) / std, mean, std


def _z(correlation: Tensor) -> Tensor:
    """Fisher's transform of absolute correlations, on which they have the same error wherever they lie."""
    return torch.atanh(correlation.abs().clamp(max=1 - 1e-6))
