"""No grey curve and no shade is left of local contrast."""

import numpy as np
import pytest
import torch
from scipy import stats

from privbench.metrics.local_contrast import averaged, equalized, local_contrast


def images(rng, side=40, levels=86):
    return torch.from_numpy(rng.integers(0, levels, (4, side, side)).astype(np.uint8))


def test_equal_shares_of_the_pixels_have_each_grey_value(rng):
    """Mid-ranks, as scipy has them."""
    drawn = images(rng, levels=30)
    by_hand = (stats.rankdata(drawn.flatten(1).numpy(), axis=1) - 0.5) / 1600 * 255
    assert np.abs(equalized(drawn).flatten(1).numpy() - by_hand).max() <= 0.5 + 1e-4


def test_no_rising_curve_is_seen_and_a_falling_one_turns_the_sign(rng):
    drawn = images(rng)
    curve = torch.from_numpy(np.sort(rng.choice(256, 86, replace=False)).astype(np.uint8))
    bent = curve[drawn.long()]
    assert torch.equal(equalized(drawn), equalized(bent))
    assert torch.equal(local_contrast(drawn), local_contrast(bent))
    assert torch.allclose(local_contrast(255 - bent), -local_contrast(drawn), atol=1e-4)


def test_it_has_mean_0_and_mean_square_1(rng):
    found = local_contrast(images(rng))
    assert torch.allclose(found.mean((1, 2)), torch.zeros(4), atol=1e-5)
    assert torch.allclose(found.square().mean((1, 2)), torch.ones(4), atol=1e-4)


def test_a_broad_shade_is_hardly_seen(rng):
    """Which changes grey values by more than what it lies over; away from the edges, beyond which nobody knows it."""
    drawn = images(rng, levels=60).float()
    shade = torch.linspace(0, 180, 40)[:, None]
    plain, shaded = (local_contrast(one.round().to(torch.uint8)) for one in (drawn, drawn + shade))
    inner = [one[:, 10:-10, 10:-10].flatten().numpy() for one in (plain, shaded)]
    assert np.corrcoef(*inner)[0, 1] > 0.95


def test_of_one_grey_value_nothing_is_left():
    for grey in (0, 77, 255):
        assert not local_contrast(torch.full((2, 16, 16), grey, dtype=torch.uint8)).any()


@pytest.mark.parametrize(("size", "side"), [(8, 4), (6, 4), (7, 7), (100, 48)])
def test_fewer_pixels_show_the_mean_of_the_area_that_each_covers(size, side, rng):
    drawn = images(rng, size, 256)
    fine = drawn.numpy().repeat(side, 1).repeat(side, 2).reshape(4, side, size, side, size).mean((2, 4))
    assert np.abs(averaged(drawn, side).numpy() - fine).max() <= 0.5 + 1e-3
