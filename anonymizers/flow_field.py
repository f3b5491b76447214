"""Flow fields: the U-Net that predicts one for an image, and the deformation along it (PriCheXy-Net)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from privbench.metrics.deformation import along_axes, moved, places_of, sampled

from .batch_norm import BatchNorm
from .smoothing import smooth

_SIGMA, _REACH = 2.0, 4  # pixels


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
        Bilinear samples; beyond the border its nearest pixel. Shape: (N, C, H, W), within each image's range. Its
        gradients cannot be differentiated again.
    """
    deformed: Tensor = _Moved.apply(images, displacement(field, mu))
    return deformed


def displacement(field: Tensor, mu: float) -> Tensor:
    """How far from its place each pixel is taken: -μ · smoothed field, in pixels along x and y.

    Shape: (N, 2, H, W), in [-1, 1], to the same in pixels.
    """
    half = along_axes(((field.shape[-1] - 1) / 2, (field.shape[-2] - 1) / 2), torch.float32, field.device)
    # Half precision cannot tell neighbouring pixels apart beyond 256.
    smoothed = _smooth(field.to(torch.promote_types(field.dtype, torch.float32)))
    return smoothed * (-mu * half)


def _smooth(field: Tensor) -> Tensor:
    """Gaussian filter, 9 x 9, σ = 2 px, with replicated borders. Shape: (N, 2, H, W)."""
    return smooth(field, _SIGMA, _REACH)


class _Moved(torch.autograd.Function):
    """Images sampled beside each pixel, with a gradient of the displacement that is the same each time, on a GPU too.

    torch's `grid_sample` adds gradients up there in whatever order they come. A pixel's displacement has a gradient
    of its own: the slope of the image where it is taken from, 0 at the border. It cannot be differentiated again.

    Shape: images (N, C, H, W), displacement (N, 2, H, W) in pixels along x and y, to (N, C, H, W).
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, displacement: Tensor) -> Tensor:
        ctx.save_for_backward(images, places_of(displacement))
        return moved(images, displacement)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        images, places = ctx.saved_tensors
        of_images, of_displacement = None, None
        if ctx.needs_input_grad[0]:
            with torch.enable_grad():
                own = images.detach().requires_grad_()
                (of_images,) = torch.autograd.grad(sampled(own, places), own, gradient)
        if ctx.needs_input_grad[1]:
            slopes = [(gradient * _slope(images, places, axis)).sum(1) for axis in (0, 1)]
            of_displacement = torch.stack(slopes, dim=1).mul_(places.sign())
        return of_images, of_displacement


def _slope(images: Tensor, places: Tensor, axis: int) -> Tensor:
    """How a sample grows along x (axis 0) or y (1): the difference of the pixels beside it; 0 at the last pixel."""
    differences = images.diff(dim=3 - axis, append=images.narrow(3 - axis, -1, 1))
    before = places.clone()
    before[:, axis].floor_()
    return sampled(differences, before)


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
        self.to(memory_format=torch.channels_last)  # the faster layout for convolutions

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
        layers[f"{name}norm{number}"] = BatchNorm(outputs)
        layers[f"{name}relu{number}"] = nn.ReLU(inplace=True)
    return nn.Sequential(layers)
