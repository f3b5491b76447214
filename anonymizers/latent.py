"""What the methods share that change an image's code and paint the image of the changed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from privbench.data.splits import Split
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance

    from .autoencoder import Autoencoder


class LatentParams(Params):
    codes: int = Field(128, ge=1, description="length of an image's code")
    width: int = Field(16, ge=1, description="filters of the autoencoder's first level")
    epochs: int = Field(30, ge=1, description="epochs of reconstruction (mean squared error)")
    batch_size: int = Field(64, ge=2, description="images a step")
    learning_rate: float = Field(5e-3, gt=0, description="Adam's largest step size, in one cycle")


class LatentAnonymizer(Anonymizer):
    """An anonymizer with an autoencoder, trained on training images and selected on validation images.

    Codes are in standard deviations of the training images' codes, number by number, around their mean.
    """

    def check_size(self, size: int) -> None:
        from .autoencoder import levels_of

        levels_of(size)

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        from .autoencoder import trained

        self.autoencoder: Autoencoder = trained(self.params, train.images, val.images, ctx)

    def state(self) -> dict[str, Tensor]:
        return self.autoencoder.state_dict()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        from .autoencoder import restored

        self.autoencoder = restored(self.params, state).to(device)
