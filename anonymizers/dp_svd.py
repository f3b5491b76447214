"""DP-SVD: noise on singular values (Fan, "Practical Image Obfuscation with Provable Privacy", ICME 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.errors import PrivbenchError
from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class DPSVDParams(Params):
    k: int = Field(8, ge=1, description="singular values that are kept, the largest")
    epsilon: float = Field(
        0.005, gt=0, description="privacy budget per unit of distance, of grey values from 0 to 255; smaller hides more"
    )


class DPSVD(Anonymizer):
    """Keeps the k largest singular values of an image, with noise of density proportional to exp(-ε |noise|).

    That is metric privacy: two images with the same singular vectors, whose k values lie d apart, give any release with
    probabilities that differ by a factor of exp(ε d) at the most. The singular vectors are the image's own.
    """

    name = "dp-svd"
    deterministic = False
    Params = DPSVDParams

    def check_size(self, size: int) -> None:
        if self.params.k > size:
            raise PrivbenchError(
                f"dp-svd keeps {self.params.k} singular values, and images of {size} x {size} pixels have {size}: set "
                "k lower."
            )

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        import torch

        from .draws import radial_laplace

        k = self.params.k
        # On the CPU, whose decomposition of an image hangs on no other one in the batch.
        left, values, right = torch.linalg.svd(images.double().cpu(), full_matrices=False)
        noise = radial_laplace(len(images), k, generator) / (255 * self.params.epsilon)
        noisy = values[..., :k] + noise[:, None]
        return ((left[..., :k] * noisy[..., None, :]) @ right[..., :k, :]).to(images).clamp(0, 1)
