"""Histogram matching: every image gets the same grey values, in its own order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from privbench.data.splits import Split
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance


class Histogram(Anonymizer):
    """Changes the grey values of each image, 8 bits, so that their distribution is that of all training images.

    A grey value becomes the one below which as large a share of the training images' pixels lies, interpolated between
    the values that occur there (Gonzalez & Woods, Digital Image Processing, histogram specification).
    """

    name = "histogram"
    deterministic = True

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        import numpy
        import torch

        counts = sum(numpy.bincount(image.ravel(), minlength=256) for image in train.images)
        self.load_state({"counts": torch.from_numpy(numpy.asarray(counts, numpy.int64))}, ctx.device)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        import numpy
        import torch

        from privbench.data.greys import greys_of, images_of

        greys = greys_of(images).numpy()
        released = numpy.stack([self._matched(grey) for grey in greys])
        return images_of(torch.from_numpy(released), images)

    def state(self) -> dict[str, Tensor]:
        return {"counts": self._counts}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._counts = state["counts"].cpu()

    def _matched(self, grey: np.ndarray) -> np.ndarray:
        """Shape: (1, H, W), uint8, to the same, float64, 0 to 255."""
        import numpy

        template, own = self._counts.numpy(), numpy.bincount(grey.ravel(), minlength=256)
        values = numpy.flatnonzero(template)
        shares = own.cumsum() / own.sum()
        return numpy.interp(shares, template.cumsum()[values] / template.sum(), values)[grey]
