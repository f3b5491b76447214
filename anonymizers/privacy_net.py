"""Privacy-Net: an adversarial encoder that repaints the image (Kim et al., IEEE TMI 2021).

Its segmentation network is replaced by the auxiliary classifier and it is trained as PriCheXy-Net is, as in the
comparison of the PriCheXy-Net paper (section 3.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from .adversarial import AdversarialAnonymizer, AdversarialParams

if TYPE_CHECKING:
    from torch import Tensor, nn


class PrivacyNetParams(AdversarialParams):
    features: int = Field(16, ge=1, description="filters of the U-Net's first level")


class PrivacyNet(AdversarialAnonymizer):
    """Releases the image that a U-Net paints."""

    name = "privacy-net"
    version = "2"
    size_multiple = 8
    Params = PrivacyNetParams

    def build(self) -> nn.Module:
        from .privacy_net_unet import PrivacyNetUNet

        return PrivacyNetUNet(features=self.params.features)

    def apply(self, output: Tensor, images: Tensor) -> Tensor:
        return output
