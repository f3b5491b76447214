"""Flow fields: the U-Net that predicts one for an image, and the deformation along it (PriCheXy-Net)."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

_KERNEL_SIZE, _SIGMA = 9, 2.0


def deform(images: Tensor, field: Tensor, mu: float) -> Tensor:
    """Samples the images along the grid identity - μ · smoothed field (paper, Eq. 1).

    The displacement alone is smoothed, with replicated borders, and the sampling coordinates are pixels. So the
    identity is met exactly at μ = 0, the border included; filtering the whole grid against zeros, as the
    published code does, tears the outer four pixels.

    Args:
        images: Shape: (N, C, H, W), float.
        field: the network's raw output; channel 0 is along x, channel 1 along y. Shape: (N, 2, H, W), in [-1, 1].
        mu: largest displacement in half widths: at 256 px, 0.01 moves a pixel by at most 1.275 px.

    Returns:
        Bilinear samples; beyond the border its nearest pixel. Shape: (N, C, H, W), within the images' range.
    """
    height, width = images.shape[-2:]
    shift = displacement(field, mu)
    x = torch.arange(width, device=images.device) + shift[:, 0]
    y = torch.arange(height, device=images.device)[:, None] + shift[:, 1]
    x, y = x.clamp(0, width - 1), y.clamp(0, height - 1)
    left, top = (
        x.detach().floor().clamp(max=max(width - 2, 0)),
        y.detach().floor().clamp(max=max(height - 2, 0)),
    )
    across, down = (x - left).unsqueeze(1), (y - top).unsqueeze(1)

    corner = (top.long() * width + left.long()).flatten(1).unsqueeze(1).expand(-1, images.shape[1], -1)
    flat = images.flatten(2)

    def at(offset: int) -> Tensor:
        return flat.gather(2, corner + offset).view_as(images)

    right, below = int(width > 1), width * int(height > 1)
    upper = torch.lerp(at(0), at(right), across)
    lower = torch.lerp(at(below), at(below + right), across)
    return torch.lerp(upper, lower, down)


def displacement(field: Tensor, mu: float) -> Tensor:
    """How far from its place each pixel is taken: -μ · smoothed field, in pixels along x and y.

    Shape: (N, 2, H, W), in [-1, 1], to the same in pixels.
    """
    half = torch.tensor([(size - 1) / 2 for size in (field.shape[-1], field.shape[-2])], device=field.device)
    # Half precision cannot tell neighbouring pixels apart beyond 256.
    smoothed = _smooth(field.to(torch.promote_types(field.dtype, torch.float32)))
    return -mu * smoothed * half[:, None, None]


def _smooth(field: Tensor) -> Tensor:
    """Gaussian filter, 9 x 9, σ = 2 px, with replicated borders. Shape: (N, 2, H, W)."""
    offsets = torch.arange(_KERNEL_SIZE, device=field.device, dtype=field.dtype) - _KERNEL_SIZE // 2
    weights = torch.exp(-(offsets**2) / (2 * _SIGMA**2))
    weights = (weights / weights.sum()).expand(field.shape[1], 1, -1)
    reach = _KERNEL_SIZE // 2
    padded = functional.pad(field, (reach,) * 4, mode="replicate")
    rows = functional.conv2d(padded, weights.unsqueeze(2), groups=field.shape[1])
    return functional.conv2d(rows, weights.unsqueeze(3), groups=field.shape[1])


class FlowFieldUNet(nn.Module):
    """U-Net of four levels with a tanh head (form of Buda et al. 2019; PriCheXy-Net paper, section 2.2).

    The keys and shapes of its state are the published checkpoints'. The image's side must be a multiple of 16.

    Shape: (N, in_channels, H, W), float, to (N, out_channels, H, W) in [-1, 1].
    """

    def __init__(self, in_channels: int = 1, out_channels: int = 2, init_features: int = 32) -> None:
        super().__init__()
        widths = [init_features * 2**level for level in range(4)]
        before = in_channels
        for level, width in enumerate(widths, start=1):
            self.add_module(f"encoder{level}", _double_convolution(before, width, f"enc{level}"))
            before = width
        self.bottleneck = _double_convolution(before, 2 * before, "bottleneck")
        for level, width in reversed(list(enumerate(widths, start=1))):
            self.add_module(f"upconv{level}", nn.ConvTranspose2d(2 * width, width, kernel_size=2, stride=2))
            self.add_module(f"decoder{level}", _double_convolution(2 * width, width, f"dec{level}"))
        self.conv = nn.Conv2d(init_features, out_channels, kernel_size=1)

    def forward(self, images: Tensor) -> Tensor:
        skips, hidden = [], images
        for level in range(1, 5):
            hidden = self.get_submodule(f"encoder{level}")(hidden)
            skips.append(hidden)
            hidden = functional.max_pool2d(hidden, 2)
        hidden = self.bottleneck(hidden)
        for level in range(4, 0, -1):
            hidden = self.get_submodule(f"upconv{level}")(hidden)
            hidden = self.get_submodule(f"decoder{level}")(torch.cat([hidden, skips.pop()], dim=1))
        return torch.tanh(self.conv(hidden))


def _double_convolution(inputs: int, outputs: int, name: str) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, width in ((1, inputs), (2, outputs)):
        layers[f"{name}conv{number}"] = nn.Conv2d(width, outputs, kernel_size=3, padding=1, bias=False)
        layers[f"{name}norm{number}"] = nn.BatchNorm2d(outputs)
        layers[f"{name}relu{number}"] = nn.ReLU(inplace=True)
    return nn.Sequential(layers)
