import math

import numpy as np
import pytest
import torch
from privbench.anonymizers.dp_snow import DPSnow
from scipy import stats

from privbench.base.errors import PrivbenchError

GREY = 127 / 255


def snowed(p, images, seed=0):
    return DPSnow(p=p).anonymize(images, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_pixels_are_replaced_with_probability_p_each_by_itself(p):
    images = torch.rand(8, 1, 100, 100, generator=torch.Generator().manual_seed(1))
    released = snowed(p, images)
    replaced = (released != images).numpy()
    assert (released[torch.from_numpy(replaced)] == torch.tensor(GREY)).all()
    low, high = stats.binom.ppf([0.0005, 0.9995], replaced.size, p)
    assert low <= replaced.sum() <= high
    both = replaced[..., 1:] & replaced[..., :-1]
    low, high = stats.binom.ppf([0.0005, 0.9995], both[..., ::2].size, p**2)
    assert low <= both[..., ::2].sum() <= high, "neighbours are replaced independently"


@pytest.mark.parametrize(("p", "m"), [(0.5, 1), (0.9, 1), (0.8, 3)])
def test_images_that_differ_in_m_pixels_are_told_apart_as_often_as_delta_says(p, m):
    """The best that any test reaches is its true minus its false positives: the total variation, 1 - p^m."""
    draws, first = 40_000, torch.zeros(1, 1, 2, 2)
    second = first.clone()
    second.flatten()[:m] = 1
    tells = [
        (snowed(p, one.expand(draws, -1, -1, -1), seed) == 1).any((1, 2, 3)).double().mean().item()
        for seed, one in enumerate((first, second))
    ]
    delta = 1 - p**m
    assert tells[0] == 0
    assert abs(tells[1] - delta) < 4 * math.sqrt(delta * (1 - delta) / draws)


def test_which_pixels_it_is_does_not_hang_on_the_image():
    """What is published of where pixels were replaced tells nothing."""
    images = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(2))
    first, second = snowed(0.5, images), snowed(0.5, images / 3)
    assert np.array_equal(first == torch.tensor(GREY), second == torch.tensor(GREY))


@pytest.mark.parametrize("p", [0, 1, 1.5])
def test_parameters_are_checked(p):
    with pytest.raises(PrivbenchError, match="the parameters of anonymizer 'dp-snow'"):
        DPSnow(p=p)
