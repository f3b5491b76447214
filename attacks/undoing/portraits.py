"""A Gaussian model of originals: what an image that nothing was done to looks like, and how images are told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.utils.extmath import randomized_svd
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Portraits:
    """Principal components of originals (Tipping & Bishop 1999, "Probabilistic principal component analysis").

    Shape: mean (P,); basis (K, P), orthonormal rows; variance (K,), falling; noise (), what is left a pixel.
    """

    mean: Tensor
    basis: Tensor
    variance: Tensor
    noise: Tensor

    def coefficients(self, images: Tensor) -> Tensor:
        """Shape: (N, P) to (N, K)."""
        return (images - self.mean) @ self.basis.T

    def images(self, coefficients: Tensor) -> Tensor:
        """Shape: (N, K) to (N, P)."""
        return self.mean + coefficients @ self.basis

    def unlikelihood(self, images: Tensor) -> Tensor:
        """Twice the negative log-likelihood, up to a constant. Shape: (N, P) to (N,)."""
        centred = images - self.mean
        known = centred @ self.basis.T
        rest = centred.square().sum(1) - known.square().sum(1)
        return (known.square() / self.variance).sum(1) + rest / self.noise

    def features(self, images: Tensor) -> Tensor:
        """Points of length 1 in which every component counts alike. Shape: (N, P) to (N, K)."""
        return functional.normalize(self.coefficients(images) / self.variance.sqrt(), dim=1)


def portraits_of(images: Tensor, components: int) -> Portraits:
    """The model of originals. Shape: (N, P), float; at most so many components as images or pixels can have."""
    count, pixels = images.shape
    mean = images.mean(0)
    centred = (images - mean).numpy()
    # Many times as fast as all components, and as good for the first ones (Halko, Martinsson & Tropp 2011).
    _, spread, basis = randomized_svd(centred, min(components, count - 1, pixels - 1), random_state=0)
    variance = np.square(spread) / (count - 1)
    noise = (np.square(centred).sum() / (count - 1) - variance.sum()) / (pixels - len(variance))
    told = [torch.from_numpy(np.array(part, np.float32)) for part in (basis, variance, noise)]
    return Portraits(mean, told[0], *(part.clamp(min=1e-8) for part in told[1:]))


def sample_of(images: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of at most so many of them, in order. Shape: (N, …) to (n,), int."""
    return np.sort(rng.permutation(len(images))[:count])


def sample_by_size(images: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """As `sample_of`; of images above 64 x 64 pixels as many fewer, so that the sample holds no more pixels.

    Shape: (N, 1, H, W) to (n,), int.
    """
    height, width = images.shape[-2:]
    return sample_of(images, max(1, min(count, count * 64**2 // (height * width))), rng)
