"""PriCheXy-Net: a learned, slight deformation (Packhäuser et al., MICCAI 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from .adversarial import AdversarialAnonymizer, AdversarialParams

if TYPE_CHECKING:
    from torch import Tensor, nn


class PriCheXyParams(AdversarialParams):
    mu: float = Field(0.01, ge=0, le=1, description="degree of deformation, in half widths of the image")
    init_features: int = Field(32, ge=1, description="filters of the U-Net's first level")


class PriCheXyNet(AdversarialAnonymizer):
    """Deforms each radiograph along a flow field that a U-Net predicts for it."""

    name = "prichexy"
    version = "2"
    size_multiple = 16
    moves_pixels_alone = True
    Params = PriCheXyParams

    def build(self) -> nn.Module:
        from .flow_field import FlowFieldUNet

        return FlowFieldUNet(init_features=self.params.init_features)

    def apply(self, output: Tensor, images: Tensor) -> Tensor:
        from .flow_field import deform

        return deform(images, output, self.params.mu)

    def displacement(self, images: Tensor) -> Tensor:
        import torch

        from .flow_field import displacement

        self.generator.eval()
        with torch.no_grad():
            return displacement(self.generator(images).float(), self.params.mu)
