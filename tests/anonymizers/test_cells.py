import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from privbench.anonymizers.cells import cell_means, cell_sizes, spread


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 25), st.integers(0, 99))
def test_cells_are_means_of_the_pixels_that_they_have(height, width, side, seed):
    images = torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(seed))
    sizes, released = np.zeros((height, width)), np.zeros(images.shape)
    for y in range(0, height, side):
        for x in range(0, width, side):
            place = (..., slice(y, y + side), slice(x, x + side))
            released[place] = images[place].numpy().mean((2, 3), keepdims=True)
            sizes[place] = images[place][0, 0].numel()
    assert np.allclose(spread(cell_means(images, side), side, (height, width)), released, atol=1e-6)
    assert np.array_equal(spread(cell_sizes(images, side), side, (height, width))[0, 0], sizes)
