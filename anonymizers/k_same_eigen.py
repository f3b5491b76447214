"""k-Same-Eigen: means of k patients in the space of eigenimages (Newton, Sweeney & Malin, IEEE TKDE 17(2), 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from .k_same import KSame, KSameParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from .grouping import Points
    from .k_same import FirstImages


class KSameEigenParams(KSameParams):
    components: int = Field(50, ge=1, description="principal components of the split's patients that are kept")


class KSameEigen(KSame):
    """Compares patients by the principal components of their first images, and releases means of what these show."""

    name = "k-same-eigen"
    Params = KSameEigenParams

    def compared(self, patients: FirstImages) -> tuple[Points, Callable[[Tensor], Tensor]]:
        from privbench.data.greys import images_of

        from .grouping import codes_of, principal_components

        mean, directions = principal_components(patients, self.params.components)
        codes = codes_of(patients, mean, directions)
        like = patients.images(codes.new_zeros(1).long())[0]

        def mean_of(members: Tensor) -> Tensor:
            return images_of(mean + codes[members].mean(0) @ directions, like).clamp_(0, 1).view_as(like)

        return codes, mean_of
