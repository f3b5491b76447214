"""Undoes what is the same for every image and mixes its pixels: kernel ridge regression from releases to originals.

In closed form and without training it inverts any fixed linear mixing, thins out covers and, by way of what the kernel
sees of a grey value, inverts curves, keys and codes. It predicts the principal components of the original, and how well
it does so on images that it was not fitted to is known from the fit alone.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from .portraits import sample_of
from .undo import OwnPairs, Undo, as_floats, as_images

_COLUMNS = 1024  # pixels whose features are made at a time
_PIXELS = 128**2
"""That the kernel sees of an image: of larger images so many, drawn once. It is a mean over pixels, of which a sample
errs by little, and all of 256 x 256 would take four times as long."""
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

    Shape: view (256, features); pixels (p,), int64, those that the kernel sees; support (n, p) and held_out (n, P),
    uint8; weights (n, K); centre (n,); mean (P,); basis (K, P).
    """

    view: Tensor
    pixels: Tensor
    support: Tensor
    held_out: Tensor
    weights: Tensor
    centre: Tensor
    mean: Tensor
    basis: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        """An image that it was fitted to is undone as any other is: by what is known without it."""
        flat = images.flatten(1)[:, self.pixels]
        kernel = _kernel(self.view, flat, self.support)
        undone = as_images(self.mean + (kernel - self.centre) @ self.weights @ self.basis, images)
        for row, image in enumerate(flat.numpy()):
            fitted = self._fitted.get(image.tobytes())
            if fitted is not None:
                undone[row] = self.held_out[fitted].view_as(undone[row])
        return undone

    @cached_property
    def _fitted(self) -> dict[bytes, int]:
        """The rows of `support` by their pixels; not of those that stand there twice, for each knows the other."""
        pixels = [image.tobytes() for image in self.support.numpy()]
        times = Counter(pixels)
        return {image: row for row, image in enumerate(pixels) if times[image] == 1}


def fit_regression(view: str, examples: OwnPairs, rng: np.random.Generator) -> Regression:
    """The regression under that view."""
    rows = sample_of(examples.released, _SUPPORT, rng)
    support, truth = (torch.from_numpy(images[rows]) for images in (examples.released, examples.originals))
    portraits = examples.portraits
    wanted, support = portraits.coefficients(as_floats(truth)), support.flatten(1)
    held_out = torch.empty_like(support)
    pixels = torch.from_numpy(np.sort(rng.permutation(support.shape[1])[:_PIXELS]))
    support = support[:, pixels]
    kernel, middle = _kernel(VIEWS[view], support, support), wanted.mean(0)
    weights, residuals = _ridge(kernel, wanted)
    return Regression(
        VIEWS[view],
        pixels,
        support,
        as_images(portraits.images(wanted - residuals), held_out),
        weights,
        kernel.mean(0),
        portraits.images(middle),
        portraits.basis,
    )


def _ridge(kernel: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Weights under the penalty with the smallest leave-one-out error, and the residuals left out one by one.

    The regression has an intercept, which is not penalized. Both in closed form of the inverse (Golub, Heath & Wahba
    1979): with G the inverse of the centred kernel plus penalty, what is predicted for a row without it is off by
    weight / (G's diagonal - 1 / (n penalty)); the second term is the intercept's, and the whole of the leave-one-out
    where there are more pixels than images. Shape: (n, n), (n, K) to (n, K) twice.
    """
    kernel, wanted = kernel.double(), wanted.double()  # single precision loses what two images have apart
    means = kernel.mean(0)
    kernel, wanted = kernel - means - means[:, None] + means.mean(), wanted - wanted.mean(0)
    count, scale = len(kernel), kernel.diagonal().mean().clamp(min=0.01)  # more than rounding leaves of a constant

    best, least = (torch.zeros_like(wanted), wanted), math.inf
    for penalty in _PENALTIES:
        factor, failed = torch.linalg.cholesky_ex(kernel + penalty * scale * torch.eye(count))
        if failed:  # it is less than what rounding leaves of a kernel
            continue
        inverse = torch.cholesky_inverse(factor)
        weights = inverse @ wanted
        residuals = weights / (inverse.diagonal() - 1 / (count * penalty * scale))[:, None]
        error = float(residuals.square().mean())
        if error < least:
            best, least = (weights, residuals), error
    weights, residuals = best
    weights = weights - weights.mean(0)  # so that the mean of a prediction's own kernel does not matter
    return weights.float(), residuals.float()


def _kernel(view: Tensor, images: Tensor, support: Tensor) -> Tensor:
    """Inner products of what is seen of two sets of images, a pixel's mean. Shape: (N, P), (n, P), uint8, to (N, n)."""
    total = torch.zeros(len(images), len(support))
    for columns in torch.arange(images.shape[1]).split(_COLUMNS):
        one, other = (view[part[:, columns].long()].flatten(1) for part in (images, support))
        total += one @ other.T
    return total / images.shape[1]
