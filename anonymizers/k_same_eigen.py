"""k-Same-Eigen: means of k patients in the space of eigenimages (Newton, Sweeney & Malin, IEEE TKDE 17(2), 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from .k_same import KSame, KSameParams

if TYPE_CHECKING:
    from torch import Tensor


class KSameEigenParams(KSameParams):
    components: int = Field(50, ge=1, description="principal components of the split's patients that are kept")


class KSameEigen(KSame):
    """Compares patients by the principal components of their first images, and releases means of what these show."""

    name = "k-same-eigen"
    Params = KSameEigenParams

    def described(self, images: Tensor) -> tuple[Tensor, Tensor]:
        from .grouping import principal_components

        pixels = images.flatten(1)
        mean, directions = principal_components(pixels, self.params.components)
        codes = (pixels - mean) @ directions.T
        return codes, (mean + codes @ directions).view_as(images)
