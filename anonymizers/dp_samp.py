"""DP-Samp: a few sampled pixels in a few grey values (Reilly & Fan, IEEE TPS-ISA 2021, after VideoDP)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class DPSampParams(Params):
    epsilon: float = Field(0.5, gt=0, description="privacy budget; smaller samples fewer pixels")
    m: int = Field(1, ge=1, description="pixels in which neighbouring images may differ (m-neighbourhood)")
    k: int = Field(8, ge=1, le=256, description="grey values, centres of clusters of the image's own")


class DPSamp(Anonymizer):
    """Clusters an image's grey values, samples pixels of each cluster, and fills the rest from the nearest sample.

    A cluster has the share of the budget that it has of the pixels, and as many samples, drawn without replacement, as
    keep its C(f, n) / C(f - m, n) below exp(budget): f pixels in it, n samples. Sampled pixels have their cluster's
    centre. An image of which nothing may be sampled becomes grey.
    """

    name = "dp-samp"
    deterministic = False
    Params = DPSampParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        import torch

        from privbench.data.greys import greys_of, images_of

        from .draws import uniform
        from .pixel_samples import resampled

        ranks = uniform(images.shape, generator)
        greys = greys_of(images)
        params, pairs = self.params, zip(greys[:, 0].numpy(), ranks[:, 0].numpy(), strict=True)
        released = [resampled(grey, rank, params.epsilon, params.m, params.k) for grey, rank in pairs]
        return images_of(torch.stack([torch.from_numpy(one) for one in released])[:, None], images)
