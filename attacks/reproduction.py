"""How well a release reproduces its original, what the original is like, and how these tell two groups apart."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privbench.data.gallery import Gallery
from privbench.learning.context import Context, Pixels
from privbench.metrics.image_quality import ssim
from privbench.metrics.logistic import fit_logistic

_BATCH = 256
_COARSE = 16  # pixels a side of the low-pass version
_LEAST = 1e-6  # about the square of a quarter of a grey level of 8 bits: the logarithm stays finite
_BLANK = 1e-3  # of the length of an image less its mean: what is shorter is rounding, and correlates with nothing
_FLAT = 1e-4  # of a trait's spread: what varies less is rounding, as of the SSIM of an image with itself


@torch.no_grad()
def traits(gallery: Gallery, ctx: Context) -> np.ndarray:
    """How each probe reproduces its original, the reference, in full and coarsely; and what the original is like.

    The former are error, SSIM and correlation, the latter brightness, contrast and sharpness. Errors are logarithms of
    the mean squared error, because losses differ by factors; sharpness is that of the mean squared difference of
    neighbouring pixels. Shape: (N, 9), float64, unitless, grey values from 0 to 1.
    """
    released, originals = Pixels(gallery.probes, ctx.device), Pixels(gallery.references, ctx.device)
    parts = [
        torch.cat([_reproduced(before, after), _reproduced(_coarse(before), _coarse(after)), _own(before)], 1)
        for rows in torch.arange(len(originals)).split(_BATCH)
        for before, after in [(originals[rows], released[rows])]
    ]
    return torch.cat(parts).double().cpu().numpy() if parts else np.empty((0, 9))


def of_patients(traits: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """The mean over each patient's images. Shape: (N, F) and (N,), int from 0, to (patients, F)."""
    sums = np.stack([np.bincount(patients, column) for column in traits.T], axis=1)
    return np.asarray(sums / np.bincount(patients)[:, None])


def separate(members: np.ndarray, others: np.ndarray) -> Tensor:
    """The weights under whose sum the members' traits are larger: logistic regression, both groups weighing alike.

    Its penalty is scikit-learn's default, on traits of unit variance. Shape: (n, F) and (m, F) to (F,), float64.
    """
    both = np.concatenate([members, others])
    spread = np.maximum(both.std(0), _FLAT)
    model = fit_logistic((both - both.mean(0)) / spread, np.arange(len(both)) < len(members))
    return torch.from_numpy(model.coef_[0] / spread)


def _reproduced(before: Tensor, after: Tensor) -> Tensor:
    """Log error, SSIM and correlation. Shape: (n, 1, H, W) each to (n, 3)."""
    error = (after - before).square().mean((1, 2, 3))
    one, other = ((images - images.mean((2, 3), keepdim=True)).flatten(1) for images in (before, after))
    alike = functional.cosine_similarity(one, other, dim=1, eps=_BLANK)
    return torch.stack([torch.log(error + _LEAST), ssim(before, after), alike], 1)


def _own(images: Tensor) -> Tensor:
    """Brightness, contrast and sharpness. Shape: (n, 1, H, W) to (n, 3)."""
    flat = images.flatten(1)
    steps = images.diff(dim=2).square().mean((1, 2, 3)) + images.diff(dim=3).square().mean((1, 2, 3))
    return torch.stack([flat.mean(1), flat.std(1), torch.log(steps + _LEAST)], 1)


def _coarse(images: Tensor) -> Tensor:
    """Shape: (n, 1, H, W) to (n, 1, 16, 16)."""
    return functional.adaptive_avg_pool2d(images, _COARSE)
