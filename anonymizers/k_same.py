"""What k-Same-Pixel and k-Same-Eigen share (Newton, Sweeney & Malin, IEEE TKDE 17(2), 2005).

The paper's sets are person-specific: one image of each person. Here a patient may have several, so one stands for him,
his first in the table, and all that he has are released as his group's mean. A mean of his own for every visit would
keep the promise image by image and not patient by patient: who knows several of his images may find him where their
groups overlap.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.data.patients import first_rows, patient_codes
from privbench.plugins.interfaces import SetAnonymizer

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch
    from torch import Tensor

    from privbench.learning.context import Pixels

    from .grouping import Points

_BATCH = 64


class KSameParams(Params):
    k: int = Field(5, ge=2, description="patients at the least whom each released image stands for")


class KSame(SetAnonymizer):
    """Releases the mean image of k patients or more, the same file for each of them.

    In the patients' order the first who has no group yet gets one with the k - 1 others who are most like him; the last
    group takes all who are left, which are k to 2k - 1. Of a split of fewer than k patients nothing is released.
    """

    version = "2"
    deterministic = True
    needs_patients = True

    @abstractmethod
    def compared(self, patients: FirstImages) -> tuple[Points, Callable[[Tensor], Tensor]]:
        """By what patients are compared, and what makes the mean image of some of them, (n,), as (1, H, W) in [0, 1].

        The same patients have the same mean to the bit, however often it is made.
        """

    def published(self, table: pd.DataFrame) -> np.ndarray:
        return enough_patients(table, self.params.k)

    def anonymize_set(self, images: Pixels, table: pd.DataFrame, generator: torch.Generator) -> Iterator[Tensor]:
        import torch

        from .grouping import groups_of

        patients = patient_codes(table["patient"])
        points, mean_of = self.compared(FirstImages(images, torch.from_numpy(first_rows(patients))))
        groups = groups_of(points, self.params.k)
        members = groups.argsort(stable=True).split(torch.bincount(groups).tolist())
        for rows in groups[torch.from_numpy(patients)].split(_BATCH):
            shown, places = rows.unique(return_inverse=True)
            yield torch.stack([mean_of(members[group]) for group in shown])[places]


class FirstImages:
    """The first image of each patient, by his number; none is held."""

    def __init__(self, images: Pixels, rows: Tensor) -> None:
        self._images, self._rows = images, rows

    def __len__(self) -> int:
        return len(self._rows)

    def images(self, patients: Tensor) -> Tensor:
        """Shape: (n,), int64, to (n, 1, H, W), float in [0, 1], on the method's device."""
        return self._images[self._rows[patients]]

    def __getitem__(self, patients: Tensor) -> Tensor:
        """Their grey values, whole numbers. Shape: (n,), int64, to (n, H·W), uint8, on the CPU."""
        from privbench.data.greys import greys_of

        return greys_of(self.images(patients)).flatten(1)


def enough_patients(table: pd.DataFrame, k: int) -> np.ndarray:
    """All images of a split of k patients or more, and none of a smaller one. Shape: N rows to (N,), bool."""
    import numpy

    return numpy.full(len(table), table["patient"].nunique() >= k)
