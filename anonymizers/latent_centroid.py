"""A baseline: the nearest of a few centroids of an autoencoder's codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from .latent import LatentAnonymizer, LatentParams

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from privbench.data.splits import Split
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance

_CENTROIDS = "centroids"


class LatentCentroidParams(LatentParams):
    clusters: int = Field(64, ge=1, description="centroids of the training images' codes, by k-means")


class LatentCentroid(LatentAnonymizer):
    """Paints the centroid that is nearest to an image's code: there are no more different pictures than centroids."""

    name = "latent-centroid"
    deterministic = True
    Params = LatentCentroidParams

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        from privbench.learning.context import Pixels
        from privbench.learning.networks import outputs_of

        from .clusters import k_means

        super().fit(train, val, guidance, ctx)
        pixels = Pixels(train.images, ctx.device)
        codes = outputs_of(self.autoencoder, len(pixels), lambda rows: (pixels[rows],), self.autoencoder.encode, ctx)
        centroids = k_means(codes.cpu().double(), self.params.clusters, ctx.torch_generator("centroids"))
        self._centroids = centroids.to(codes)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from .clusters import nearest

        codes = self.autoencoder.encode(images)
        return self.autoencoder.decode(self._centroids[nearest(codes, self._centroids)])

    def state(self) -> dict[str, Tensor]:
        return {**super().state(), _CENTROIDS: self._centroids}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        super().load_state({name: value for name, value in state.items() if name != _CENTROIDS}, device)
        self._centroids = state[_CENTROIDS].to(device)
