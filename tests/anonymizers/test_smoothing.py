import numpy as np
import pytest
import torch
from privbench.anonymizers.smoothing import smooth
from scipy.ndimage import gaussian_filter


@pytest.mark.parametrize(("sigma", "reach"), [(0.5, 2), (2.0, 4), (3.3, 14), (40.0, 160)])
def test_it_is_scipys(rng, sigma, reach):
    images = rng.uniform(0, 1, (2, 1, 20, 31))
    expected = gaussian_filter(images, sigma, axes=(2, 3), mode="nearest", radius=reach)
    assert np.allclose(smooth(torch.from_numpy(images), sigma, reach).numpy(), expected)


def test_grey_stays_grey():
    assert torch.allclose(smooth(torch.full((1, 1, 9, 5), 0.3), 2.0, 8), torch.tensor(0.3))
