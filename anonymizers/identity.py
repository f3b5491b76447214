"""No anonymization: what the other methods are measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Identity(Anonymizer):
    """Releases every radiograph as it is."""

    name = "identity"
    deterministic = True
    moves_pixels_alone = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return images
