"""k-mixing: codes that are mixed with other patients' (after Heinrich & Hansen, MIDL 2024).

The paper overfits a decoder and a code for each image to a few dozen images at once. Here one autoencoder, trained on
training images, gives the codes: a network for every few dozen images of a data set would take days.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from privbench.plugins.interfaces import SetAnonymizer

from .k_same import enough_patients
from .latent import LatentAnonymizer, LatentParams

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch
    from torch import Tensor

    from privbench.learning.context import Pixels

_BATCH = 64


class KMixingParams(LatentParams):
    k: int = Field(8, ge=2, description="patients whose codes are mixed")
    rho: float = Field(
        0.2, gt=0, description="standard deviation of the weights, whose mean is 1 for the own code, else 0"
    )


class KMixing(LatentAnonymizer, SetAnonymizer):
    """Paints the image of a code to which those of images of k - 1 other patients of the split are added.

    Weights are normal, drawn for every image, as are the others. Of a split of fewer than k patients nothing is
    released.
    """

    name = "k-mixing"
    deterministic = False
    needs_patients = True
    Params = KMixingParams

    def published(self, table: pd.DataFrame) -> np.ndarray:
        return enough_patients(table, self.params.k)

    def anonymize_set(self, images: Pixels, table: pd.DataFrame, generator: torch.Generator) -> Iterator[Tensor]:
        import torch

        from privbench.data.patients import patient_codes

        from .draws import normal
        from .others import drawn_others

        codes = torch.cat([self.autoencoder.encode(batch) for batch in images.batches()])
        patients = torch.from_numpy(patient_codes(table["patient"]))
        for rows in torch.arange(len(codes)).split(_BATCH):
            others = drawn_others(patients, rows, self.params.k - 1, generator)
            weights = self.params.rho * normal((len(rows), self.params.k), generator).to(codes)
            mixed = torch.cat([codes[rows][:, None], codes[others]], dim=1)
            weights[:, 0] += 1
            yield self.autoencoder.decode((weights[:, :, None] * mixed).sum(1))
