"""Undoes what is the same for every image and mixes its pixels: kernel ridge regression from releases to originals.

In closed form and without training it inverts any fixed linear mixing, thins out covers and, by way of what the kernel
sees of a grey value, inverts curves, keys and codes. It predicts the principal components of the original, and how well
it does so on images that it was not fitted to is known from the fit alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .portraits import sample_of
from .undo import BATCH, OwnPairs, Undo, as_floats, as_images

_COLUMNS = 1024  # pixels whose features are made at a time
_SUPPORT = 1536  # images
_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # of the kernel's mean eigenvalue
_GREYS = torch.arange(256, dtype=torch.float32)[:, None]
_WAVES, _DIGITS = torch.arange(1, 5), 2 ** torch.arange(1, 8)

VIEWS: dict[str, Tensor] = {
    "grey": _GREYS / 255,
    # curves that rise and fall, and keys that are added modulo 256
    "waves": torch.cat([wave(2 * torch.pi * _WAVES * _GREYS / 256) for wave in (torch.cos, torch.sin)], 1),
    # what is left of a grey value without its first bits, for as many bits as there are
    "low bits": (_GREYS % _DIGITS) / (_DIGITS - 1),
}
"""What the kernel sees of a grey value. Shape: (256, features)."""


@dataclass(frozen=True)
class Regression(Undo):
    """The fitted regression. `held_out` are the images that it was fitted to, each undone by what the others taught.

    Shape: view (256, features); support (n, P), uint8; weights (n, K); centre (n,); mean (P,); basis (K, P);
    rows (n,), int64; held_out (n, P).
    """

    view: Tensor
    support: Tensor
    weights: Tensor
    centre: Tensor
    mean: Tensor
    basis: Tensor
    rows: Tensor | None = None
    held_out: Tensor | None = None

    def __call__(self, images: Tensor) -> Tensor:
        kernel = _kernel(self.view, images.flatten(1), self.support)
        return as_images(self.mean + (kernel - self.centre) @ self.weights @ self.basis, images)

    def state(self) -> dict[str, Tensor]:
        return {name: value for name, value in vars(self).items() if name not in ("rows", "held_out")}

    def of_examples(self, examples: OwnPairs) -> Tensor:
        assert self.rows is not None  # whoever asks has fitted it
        assert self.held_out is not None
        undone = torch.from_numpy(examples.released.copy())
        others = torch.from_numpy(np.setdiff1d(np.arange(len(undone)), self.rows.numpy()))
        for part in others.split(BATCH):
            undone[part] = self(undone[part])
        undone[self.rows] = as_images(self.held_out, undone[self.rows])
        return undone


def fit_regression(view: str, examples: OwnPairs, rng: np.random.Generator) -> Regression:
    """The regression under that view."""
    rows = sample_of(examples.released, _SUPPORT, rng)
    support, truth = (torch.from_numpy(images[rows]) for images in (examples.released, examples.originals))
    portraits = examples.portraits
    wanted, support = portraits.coefficients(as_floats(truth)), support.flatten(1)
    kernel, middle = _kernel(VIEWS[view], support, support), wanted.mean(0)
    centre = kernel.mean(0)
    weights, residuals = _ridge(kernel - centre - centre[:, None] + centre.mean(), wanted - middle)
    weights -= weights.mean(0)  # so that the mean of a prediction's own kernel does not matter
    return Regression(
        VIEWS[view],
        support,
        weights,
        centre,
        portraits.images(middle),
        portraits.basis,
        torch.from_numpy(rows),
        portraits.images(wanted - residuals),
    )


def _ridge(kernel: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Weights under the penalty with the smallest leave-one-out error, and the residuals left out one by one.

    Both in closed form of the inverse (Golub, Heath & Wahba 1979). Shape: (n, n), (n, K) to (n, K) twice.
    """
    kernel, wanted = kernel.double(), wanted.double()
    scale = kernel.diagonal().mean().clamp(min=0.01)  # more than what rounding leaves of a constant release's

    best, least = (torch.zeros_like(wanted), wanted), math.inf
    for penalty in _PENALTIES:
        factor, failed = torch.linalg.cholesky_ex(kernel + penalty * scale * torch.eye(len(kernel)))
        if failed:  # it is less than what rounding leaves of a kernel
            continue
        inverse = torch.cholesky_inverse(factor)
        weights = inverse @ wanted
        residuals = weights / inverse.diagonal()[:, None]
        error = float(residuals.square().mean())
        if error < least:
            best, least = (weights, residuals), error
    weights, residuals = best
    return weights.float(), residuals.float()


def _kernel(view: Tensor, images: Tensor, support: Tensor) -> Tensor:
    """Inner products of what is seen of two sets of images, a pixel's mean. Shape: (N, P), (n, P), uint8, to (N, n)."""
    total = torch.zeros(len(images), len(support))
    for columns in torch.arange(images.shape[1]).split(_COLUMNS):
        one, other = (view[part[:, columns].long()].flatten(1) for part in (images, support))
        total += one @ other.T
    return total / images.shape[1]
