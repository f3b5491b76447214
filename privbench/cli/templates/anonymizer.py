"""An anonymizer that learns: every image is drawn towards the mean of the training images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from pydantic import Field
from torch import Tensor

from privbench import Anonymizer, Params

if TYPE_CHECKING:
    from privbench.interfaces import Context, Guidance, Split


class MyAnonymizerParams(Params):
    strength: float = Field(0.5, ge=0, le=1, description="how far, 1 the whole way")


class MyAnonymizer(Anonymizer):
    """Draws images towards their mean."""

    name = "my-anonymizer"
    version = "1"  # raise it whenever the same parameters give another result
    deterministic = True  # the same image always becomes the same image
    Params = MyAnonymizerParams

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        # images: (N, 1, H, W), uint8, of training and validation patients alone.
        self.mean = torch.from_numpy(train.images.mean(0)).float().div(255).to(ctx.device)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        # images: (N, 1, H, W), float in [0, 1], on the device; the same shape and range go out.
        return images + self.params.strength * (self.mean - images)

    def state(self) -> dict[str, Tensor]:
        return {"mean": self.mean}  # all that `fit` learnt: a run may load it in another process

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self.mean = state["mean"].to(device)
