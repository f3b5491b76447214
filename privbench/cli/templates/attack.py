"""An attack that learns: thumbnails are compared in the directions in which a patient's images differ least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from privbench import LinkageAttack, Params

if TYPE_CHECKING:
    from privbench.interfaces import Context, Gallery, Guidance, KnownGallery


class MyAttackParams(Params):
    side: int = Field(8, ge=2, description="side of the thumbnails, in pixels")


class MyAttack(LinkageAttack):
    """Compares whitened thumbnails."""

    name = "my-attack"
    Params = MyAttackParams

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        # Row i of probes and references is one radiograph, released or original as the scenario says.
        mated = train.pairs.mated
        probes = self._thumbnails(train.probes)[train.pairs.probe[mated]]
        references = self._thumbnails(train.references)[train.pairs.reference[mated]]
        self.mean = torch.stack([probes.mean(0), references.mean(0)])
        within = torch.cov((probes - self.mean[0] - references + self.mean[1]).T)
        values, vectors = torch.linalg.eigh(within + 1e-3 * torch.eye(len(within)))
        self.whitening = vectors / values.sqrt()

    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        # probes and references: rows, (n,); out go (n,), larger where one patient is likelier.
        first, second = self._embedded(gallery)
        return np.asarray((first[probes] * second[references]).sum(1))

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        first, second = self._embedded(gallery)
        return np.asarray(first @ second.T)

    def state(self) -> dict[str, Tensor]:
        return {"mean": self.mean, "whitening": self.whitening}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self.mean, self.whitening = state["mean"], state["whitening"]

    def _embedded(self, gallery: Gallery) -> list[Tensor]:
        """Probes and references as vectors of length 1."""
        images = (gallery.probes, gallery.references)
        return [
            torch.nn.functional.normalize((self._thumbnails(one) - mean) @ self.whitening, dim=1)
            for one, mean in zip(images, self.mean, strict=True)
        ]

    def _thumbnails(self, images: np.ndarray) -> Tensor:
        pixels = torch.from_numpy(images.astype(np.float32) / 255)
        return torch.nn.functional.adaptive_avg_pool2d(pixels, self.params.side).flatten(1)
