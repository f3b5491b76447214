"""Training patients' images that are shown in place of another patient's, or above it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

from ...base.errors import PrivbenchError
from ...data.splits import Split

_PREFIX = "donors."


@dataclass(frozen=True)
class Donors:
    """Images of training patients, and whose each training image is, so that nobody is given one of his own.

    Shape: images (D, 1, H, W), uint8; patients (D,), int64; of every training image, a digest of its pixels and its
    patient, (N,) and (N,), int64.
    """

    images: Tensor
    patients: Tensor
    digests: Tensor
    owners: Tensor

    @classmethod
    def of(cls, train: Split, rows: np.ndarray) -> Donors:
        """Those rows of the training images. Raises PrivbenchError where they are of one patient alone."""
        owners = train.patients
        if len(np.unique(owners[rows])) < 2:
            raise PrivbenchError(
                "The training images are of one patient, to whom no other can lend an image: add patients, or lower "
                "data.validation."
            )
        return cls(
            images=torch.from_numpy(np.array(train.images[rows])),
            patients=torch.from_numpy(owners[rows]),
            digests=torch.tensor([_digest(image) for image in train.images]),
            owners=torch.from_numpy(owners.copy()),
        )

    @classmethod
    def from_state(cls, state: dict[str, Tensor]) -> Donors:
        """Those that a state holds beside other things."""
        return cls(**{field.name: state[_PREFIX + field.name] for field in fields(cls)})

    def state(self) -> dict[str, Tensor]:
        """What an anonymizer keeps of them."""
        return {_PREFIX + field.name: getattr(self, field.name) for field in fields(self)}

    def others(self, image: Tensor) -> Tensor:
        """Which donors are other patients than the image's own, where it is a training image; else all.

        Shape: (1, H, W), float in [0, 1], to (D,), bool.
        """
        pixels = (image * 255).round().to(torch.uint8).cpu().numpy()
        return self.patients != self._owner_of.get(_digest(pixels), -1)

    def drawn(self, among: Tensor, generator: torch.Generator) -> Tensor:
        """The image of a donor, each as likely. Shape: among (D,), bool, to (1, H, W), float in [0, 1]."""
        rows = among.nonzero()[:, 0]
        return self.images[rows[torch.randint(len(rows), (), generator=generator)]].float() / 255

    def drawn_for(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """An image of another patient than its own. Shape: (1, H, W), float in [0, 1], in and out."""
        return self.drawn(self.others(image), generator)

    @cached_property
    def _owner_of(self) -> dict[int, int]:
        return dict(zip(self.digests.tolist(), self.owners.tolist(), strict=True))


def _digest(image: np.ndarray) -> int:
    return int.from_bytes(blake2b(image.tobytes(), digest_size=8).digest(), signed=True)
