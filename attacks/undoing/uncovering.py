"""Takes away the picture that lies over an image, where it is one of those that the attacker holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..cross_correlation import centred
from .portraits import sample_of
from .undo import BATCH, OwnPairs, Undo, as_floats, as_images

_COVERS = 8192


@dataclass(frozen=True)
class Uncovering(Undo):
    """The likest of the attacker's originals, taken away as far as it is in the release; what is left is stretched.

    Shape: originals (n, P), uint8; rows (n,), int64, theirs among the attacker's; mean (P,) and spread (), those of the
    originals.
    """

    originals: Tensor
    rows: Tensor
    mean: Tensor
    spread: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        return as_images(self._left(as_floats(images), None), images)

    def state(self) -> dict[str, Tensor]:
        return vars(self)

    def of_examples(self, examples: OwnPairs) -> Tensor:
        undone = []
        for rows in torch.arange(len(examples.released)).split(BATCH):
            images = torch.from_numpy(examples.released[rows.numpy()])
            undone.append(as_images(self._left(as_floats(images), rows), images))
        return torch.cat(undone)

    def _left(self, released: Tensor, own: Tensor | None) -> Tensor:
        """What is left without the cover, which is none of the `own` originals. Shape: (N, P), float."""
        covers, shown = centred(self.originals.float() / 255), centred(released)
        likeness = shown @ covers.T
        if own is not None:
            likeness[own[:, None] == self.rows] = -torch.inf
        cover = covers[likeness.argmax(1)]
        left = shown - (shown * cover).sum(1, keepdim=True) * cover
        return self.mean + left / left.std(1, keepdim=True).clamp(min=1e-6) * self.spread


def fit_uncovering(examples: OwnPairs, rng: np.random.Generator) -> Uncovering:
    """All originals of the attacker, up to some thousands, are thought of as covers."""
    rows = sample_of(examples.originals, _COVERS, rng)
    originals = torch.from_numpy(examples.originals[rows]).flatten(1)
    flat = originals.float() / 255
    return Uncovering(originals, torch.from_numpy(rows), flat.mean(0), (flat - flat.mean(0)).std())
