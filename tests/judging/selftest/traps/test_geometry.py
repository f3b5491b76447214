"""Pixels that were moved are moved back."""

import numpy as np
import pytest
import torch
from pictures import SIDES, cut, levels_off, pictures, release
from scipy.interpolate import griddata

from privbench.judging.selftest.traps.geometry import Mirror, Rotation, Shuffle, Warp


@pytest.mark.parametrize("side", SIDES)
def test_a_mirror_is_its_own_inverse(side):
    images = pictures(side)
    axes = set()
    for seed in range(8):
        released = release(Mirror(seed=seed), images)
        axes |= {axis for axis in (-1, -2) if torch.equal(released.flip(axis), images)}
        assert not torch.equal(released, images)
    assert axes == {-1, -2}, "left and right, or upside down, as the seed has it"


@pytest.mark.parametrize("side", SIDES)
def test_a_rotation_is_turned_back(side):
    images, turns = pictures(side), []
    for seed in range(12):
        released = release(Rotation(seed=seed), images)
        turns += [turn for turn in (1, 2, 3) if torch.equal(released.rot90(-turn, (-2, -1)), images)]
    assert len(turns) == 12
    assert set(turns) == {1, 2, 3}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("block", [4, 8])
def test_shuffled_blocks_are_laid_back_in_one_order(side, block):
    images = pictures(side)
    orders = set()
    for seed in (0, 1):
        released = release(Shuffle(seed=seed, block=block), images)
        before, after = cut(images, block), cut(released, block)
        order = np.array([(np.abs(before[0] - one).sum(1)).argmin() for one in after[0]])
        assert sorted(order) == list(range(before.shape[1]))
        assert (after == before[:, order]).all(), "the same order for every image"
        rest = side - side % block
        assert torch.equal(released[..., rest:, :], images[..., rest:, :])
        orders.add(tuple(order))
    assert len(orders) == 2


def where(trap, side):
    """The place from which each pixel is taken, which ramps tell. Shape: (2, side, side), rows and columns."""
    ramp = torch.linspace(0, 1, side).expand(1, 1, side, side)
    ramps = torch.cat([ramp.transpose(2, 3), ramp])
    return (side - 1) * trap.anonymize(ramps, torch.Generator())[:, 0].double().numpy()


@pytest.mark.parametrize("side", SIDES)
def test_a_warp_is_bent_back_without_a_fold(side):
    images, grid = pictures(side), np.mgrid[:side, :side].astype(float)
    for seed in (0, 1, 2):
        trap = Warp(seed=seed)
        released, places = release(trap, images), where(trap, side)
        along_y, along_x = (np.diff(places, axis=axis) for axis in (1, 2))
        area = along_y[0, :, :-1] * along_x[1, :-1] - along_y[1, :, :-1] * along_x[0, :-1]
        assert area.min() > 0, "neighbours keep their places"
        assert np.abs(places - grid).max() > 0.1 * side, "and yet the bend is strong"
        for border in (0, -1):
            assert np.allclose(places[0, border], grid[0, border], atol=1e-3)
            assert np.allclose(places[1, :, border], grid[1, :, border], atol=1e-3)
        points = places.reshape(2, -1).T
        back = griddata(points, released.flatten(1).T.numpy(), grid.reshape(2, -1).T)
        inner = torch.from_numpy(back.T.reshape(images.shape)[..., 1:-1, 1:-1])
        wrong = levels_off(inner, images[..., 1:-1, 1:-1])
        assert wrong < 3
        assert levels_off(released, images) > 8 * wrong
    assert not np.allclose(where(Warp(seed=0), side), where(Warp(seed=1), side), atol=1)


def test_a_warp_without_strength_moves_nothing_and_a_strong_one_keeps_grey_values():
    images = pictures(32)
    assert torch.allclose(Warp(strength=0).anonymize(images, torch.Generator()), images, atol=1e-5)
    warped = Warp(strength=0.9).anonymize(images, torch.Generator())
    for before, after in zip(images, warped, strict=True):
        assert before.min() <= after.min() <= after.max() <= before.max()
