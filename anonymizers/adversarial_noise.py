"""A baseline: bounded noise that learns to deceive the verifier, in the place of PriCheXy-Net's deformation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from .adversarial import AdversarialAnonymizer, AdversarialParams

if TYPE_CHECKING:
    from torch import Tensor, nn


class AdversarialNoiseParams(AdversarialParams):
    budget: int = Field(8, ge=1, le=255, description="grey levels by which a pixel may be changed")
    init_features: int = Field(32, ge=1, description="filters of the U-Net's first level")


class AdversarialNoise(AdversarialAnonymizer):
    """Adds what a U-Net paints for each radiograph, within the budget."""

    name = "adversarial-noise"
    version = "2"
    size_multiple = 16
    Params = AdversarialNoiseParams

    def build(self) -> nn.Module:
        from .flow_field import FlowFieldUNet

        return FlowFieldUNet(out_channels=1, init_features=self.params.init_features)

    def apply(self, output: Tensor, images: Tensor) -> Tensor:
        return (images + self.params.budget / 255 * output).clamp(0, 1)
