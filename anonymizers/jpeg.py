"""JPEG compression: what is left of an image that is kept small."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor


class JpegParams(Params):
    quality: int = Field(10, ge=1, le=95, description="of libjpeg; lower keeps less")


class Jpeg(Anonymizer):
    """Compresses with 8 bits as baseline JPEG, and decompresses."""

    name = "jpeg"
    deterministic = True
    Params = JpegParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        import numpy
        import torch

        from privbench.data.greys import greys_of, images_of

        greys = greys_of(images).numpy()[:, 0]
        released = numpy.stack([_through_a_file(grey, self.params.quality) for grey in greys])[:, None]
        return images_of(torch.from_numpy(released), images)


def _through_a_file(grey: np.ndarray, quality: int) -> np.ndarray:
    """Shape: (H, W), uint8, to the same."""
    import numpy
    from PIL import Image

    file = BytesIO()
    Image.fromarray(grey).save(file, "JPEG", quality=quality)
    return numpy.array(Image.open(file))
