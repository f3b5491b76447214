"""k-Same-Pixel: means of the pixels of k patients (Newton, Sweeney & Malin, IEEE TKDE 17(2), 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .k_same import KSame, KSameParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from .grouping import Points
    from .k_same import FirstImages


class KSamePixel(KSame):
    """Compares patients by the pixels of their first images, and releases means of these."""

    name = "k-same-pixel"
    Params = KSameParams

    def compared(self, patients: FirstImages) -> tuple[Points, Callable[[Tensor], Tensor]]:
        return patients, lambda members: patients.images(members).mean(0).clamp(0, 1)
