"""How much of an image a release keeps: pure functions on tensors, each image on its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import cast

import torch
from torch import Tensor
from torch.backends import cudnn
from torch.nn import functional
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

PSNR_CAP = 20 * math.log10(2 * 255)
"""The PSNR of an error of half a grey level of 8 bits everywhere, 54.2 dB: nothing counts as better."""
_WINDOW = 11  # pixels, the Gaussian of σ = 1.5 px
_BETAS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ssim(originals: Tensor, released: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004): Gaussian windows of σ = 1.5 px, borders reflected, mean over windows.

    Shape: (N, 1, H, W) each, float in [0, 1], sides of 6 at least, to (N,), -1 to 1, 1 for the same image.
    """
    with _full_float32():
        values = structural_similarity_index_measure(released, originals, reduction="none", data_range=1.0)
    return cast(Tensor, values)


def ms_ssim(originals: Tensor, released: Tensor) -> Tensor:
    """Multi-scale structural similarity (Wang, Simoncelli & Bovik 2003), negative factors counting as 0.

    Each scale halves the image. Of the five, the finest are used whose side holds the window of 11 px: all from
    176 px on, four from 88, three from 44, two from 22, else one. Their exponents are scaled to their published sum,
    so that values of small and of large images lie in one range; they are not the same measure for all that.

    Shape: (N, 1, H, W) each, float in [0, 1], sides of 11 at least, to (N,), 0 to 1, 1 for the same image.
    """
    scales = min(len(_BETAS), (min(originals.shape[-2:]) // _WINDOW).bit_length())
    total = sum(_BETAS[:scales])
    betas = tuple(beta * sum(_BETAS) / total for beta in _BETAS[:scales])
    with _full_float32():
        # The window's size follows from σ. torchmetrics reads kernel_size for a check of the sides alone, whose bound
        # grows with the square of the scales and so is not that of the window.
        return multiscale_structural_similarity_index_measure(
            released, originals, kernel_size=1, reduction="none", data_range=1.0, betas=betas
        )


def psnr(originals: Tensor, released: Tensor) -> Tensor:
    """Peak signal-to-noise ratio, at most PSNR_CAP, which the same image has: means stay finite.

    Shape: (N, 1, H, W) each, float in [0, 1], to (N,), dB.
    """
    ratio = peak_signal_noise_ratio(released, originals, data_range=1.0, reduction="none", dim=(1, 2, 3))
    return ratio.clamp(max=PSNR_CAP)


def sharpness(originals: Tensor, released: Tensor) -> Tensor:
    """The variance of the released image's Laplacian over that of the original's (Pech-Pacheco et al. 2000).

    Below 1 blurred, above 1 sharpened, or noisy.

    Shape: (N, 1, H, W) each, float in [0, 1], to (N,), not negative; NaN where the original is constant.
    """
    before, after = (_laplacian(images).flatten(1).var(1, correction=0) for images in (originals, released))
    return torch.where(before > 0, after / before, torch.nan)


def clipped(images: Tensor) -> Tensor:
    """The share of pixels that are black or white, where a grey value may have been cut off.

    Shape: (N, 1, H, W), float in [0, 1], to (N,), 0 to 1.
    """
    return ((images <= 0) | (images >= 1)).flatten(1).to(images.dtype).mean(1)


def feature_distance(features_of_originals: Sequence[Tensor], features_of_released: Sequence[Tensor]) -> Tensor:
    """The distance of two images to a network (LPIPS; Zhang et al., CVPR 2018, equation 1 with unit weights).

    At each place the features are brought to length 1; their squared distance is averaged over the places, and then
    over the layers, where the paper sums.

    Shape: one tensor a layer, (N, C, H, W), to (N,), 0 to 4, and to 2 for features that are not negative.
    """
    layers = [
        (functional.normalize(before, dim=1) - functional.normalize(after, dim=1)).square().sum(1).mean((1, 2))
        for before, after in zip(features_of_originals, features_of_released, strict=True)
    ]
    return torch.stack(layers).mean(0)


def _full_float32() -> AbstractContextManager[None]:
    """Convolutions without TF32: variances as differences of means of squares need more than its ten bits."""
    return cudnn.flags(enabled=True, allow_tf32=False)


def _laplacian(images: Tensor) -> Tensor:
    """The second differences to the four neighbours. Shape: (N, 1, H, W) to (N, 1, H - 2, W - 2)."""
    beside = images[..., 1:-1, :-2] + images[..., 1:-1, 2:]
    above = images[..., :-2, 1:-1] + images[..., 2:, 1:-1]
    # Summed in pairs: of equal pixels exactly 0.
    return beside + above - 4 * images[..., 1:-1, 1:-1]
