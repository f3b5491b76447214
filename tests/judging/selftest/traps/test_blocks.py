"""Blocks of images are laid in another order."""

import pytest
import torch
from pictures import cut

from privbench.judging.selftest.traps.blocks import block_grid, reordered


@pytest.mark.parametrize(("height", "width", "side"), [(8, 8, 4), (19, 13, 6), (5, 5, 6)])
def test_blocks_lie_in_the_order_and_the_rest_stays(height, width, side, generator):
    images = torch.rand(3, 1, height, width, generator=generator)
    rows, columns = block_grid(images, side)
    assert (rows, columns) == (height // side, width // side)
    order = torch.randperm(rows * columns, generator=generator)
    released = reordered(images, side, order)
    assert (cut(released, side) == cut(images, side)[:, order]).all()
    assert torch.equal(released[..., rows * side :, :], images[..., rows * side :, :])
    assert torch.equal(released[..., columns * side :], images[..., columns * side :])
    assert torch.equal(reordered(released, side, order.argsort()), images)
