"""k-Same-Pixel: means of the pixels of k patients (Newton, Sweeney & Malin, IEEE TKDE 17(2), 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .k_same import KSame, KSameParams

if TYPE_CHECKING:
    from torch import Tensor


class KSamePixel(KSame):
    """Compares patients by the pixels of their first images, and releases means of these."""

    name = "k-same-pixel"
    Params = KSameParams

    def described(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return images.flatten(1), images
