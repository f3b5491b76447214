"""The U-Net of Privacy-Net, which paints the image that is released (Kim et al., IEEE TMI 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .batch_norm import BatchNorm


class PrivacyNetUNet(nn.Module):
    """U-Net of three levels with LeakyReLU 0.2, batch norm and a sigmoid head (Kim et al. 2021).

    The keys and shapes of its state are the published checkpoint's. The image's side must be a multiple of 8.

    Shape: (N, in_channels, H, W), float, to (N, out_channels, H, W) in [0, 1].
    """

    def __init__(self, in_channels: int = 1, out_channels: int = 1, features: int = 16) -> None:
        super().__init__()
        widths = [features, 2 * features, 4 * features]
        before = in_channels
        for level, width in enumerate(widths, start=1):
            self.add_module(f"down_{level}", _block(before, width))
            before = width
        self.bridge = _block(before, 2 * before)
        for step, width in enumerate(reversed(widths), start=1):
            self.add_module(f"trans_{step}", _upsample(2 * width))
            self.add_module(f"up_{step}", _block(3 * width, width))
        self.out = _unit(features, out_channels, nn.Sigmoid())
        self.to(memory_format=torch.channels_last)  # the faster layout for convolutions

    def forward(self, images: Tensor) -> Tensor:
        skips, hidden = [], images
        for level in range(1, 4):
            hidden = self.get_submodule(f"down_{level}")(hidden)
            skips.append(hidden)
            hidden = functional.max_pool2d(hidden, 2)
        hidden = self.bridge(hidden)
        for step in range(1, 4):
            hidden = self.get_submodule(f"trans_{step}")(hidden)
            hidden = self.get_submodule(f"up_{step}")(torch.cat([hidden, skips.pop()], dim=1))
        return self.out(hidden)


def _unit(inputs: int, outputs: int, activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel_size=3, padding=1), BatchNorm(outputs), activation)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        _unit(inputs, outputs, nn.LeakyReLU(0.2)),
        nn.Conv2d(outputs, outputs, kernel_size=3, padding=1),
        BatchNorm(outputs),
    )


def _upsample(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(width, width, kernel_size=3, stride=2, padding=1, output_padding=1),
        BatchNorm(width),
        nn.LeakyReLU(0.2),
    )
