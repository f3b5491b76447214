"""Images that are cut into blocks and put together in another order."""

from __future__ import annotations

from torch import Tensor


def block_grid(images: Tensor, side: int) -> tuple[int, int]:
    """How many rows and columns of whole blocks of that side an image has. Shape: images (N, C, H, W)."""
    return images.shape[-2] // side, images.shape[-1] // side


def reordered(images: Tensor, side: int, order: Tensor) -> Tensor:
    """Block number `order[i]` of each image at place i, row by row; a rest that fills no block stays where it is.

    Shape: images (N, C, H, W), to the same; order as many numbers as `block_grid` has blocks.
    """
    rows, columns = block_grid(images, side)
    whole = images[..., : rows * side, : columns * side]
    blocks = whole.unflatten(3, (columns, side)).unflatten(2, (rows, side)).transpose(3, 4).flatten(2, 3)
    moved = blocks[:, :, order.to(images.device)].unflatten(2, (rows, columns)).transpose(3, 4)
    released = images.clone()
    released[..., : rows * side, : columns * side] = moved.flatten(4, 5).flatten(2, 3)
    return released
