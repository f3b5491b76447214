"""What was done to each image apart is undone for each apart, as a look at it tells how."""

import numpy as np
import pytest
import torch
from pictures import SIDES, cut, grey_levels, levels_off, pictures, release

from privbench.judging.selftest.traps.per_image import PER_IMAGE, Jigsaw, Shifts, Tones, Turns


@pytest.mark.parametrize("side", SIDES)
def test_each_image_has_one_of_the_eight_turns(side):
    images, found = pictures(side, 60), []
    for image, released in zip(images, release(Turns(), images), strict=True):
        turned = {(k, m): (released.flip(-1) if m else released).rot90(-k, (-2, -1)) for k in range(4) for m in (0, 1)}
        (way,) = [way for way, back in turned.items() if torch.equal(back, image)]
        found.append(way)
    assert len(set(found)) == 8


@pytest.mark.parametrize("side", SIDES)
def test_each_image_has_a_shift_of_its_own(side):
    images, ways = pictures(side, 12), set()
    for image, released in zip(images, release(Shifts(), images), strict=True):
        first, second = (np.fft.fft2(one[0].numpy() - float(one.mean())) for one in (image, released))
        alike = np.fft.ifft2(second * first.conj()).real  # largest where they fit
        way = divmod(int(alike.argmax()), side)
        assert torch.equal(released.roll([-step for step in way], (-2, -1)), image)
        ways.add(way)
    assert len(ways) > 8


@pytest.mark.parametrize("side", SIDES)
def test_each_image_has_a_grey_curve_of_its_own(side):
    images, curves, rising = pictures(side, 30), set(), []
    for image, released in zip(images, release(Tones(), images), strict=True):
        before, after = grey_levels(image).flatten().numpy(), grey_levels(released).flatten().numpy()
        order = np.argsort(before, kind="stable")
        steps = np.diff(after[order])
        rising.append(steps.sum() > 0)
        assert (steps >= 0).all() if rising[-1] else (steps <= 0).all(), "it rises or falls and never turns"
        means = np.bincount(after, before, 256) / np.maximum(np.bincount(after, minlength=256), 1)
        assert levels_off(torch.from_numpy(means[after]).view_as(image) / 255, image) < 1.5, "8 bits keep the shades"
        curves.add(tuple(after[order]))
    assert 8 <= sum(rising) <= 22, "about half are inverted"
    assert len(curves) == 30


@pytest.mark.parametrize("side", SIDES)
def test_each_image_has_an_order_of_pieces_of_its_own(side):
    images, orders = pictures(side), set()
    released = release(Jigsaw(), images)
    for before, after in zip(cut(images, side // 4), cut(released, side // 4), strict=True):
        order = np.array([np.abs(before - piece).sum(1).argmin() for piece in after])
        assert sorted(order) == list(range(16))
        assert (after == before[order]).all()
        orders.add(tuple(order))
    assert len(orders) == len(images)


def test_pieces_can_be_more_than_an_image_has_pixels():
    tiny = pictures(8)
    released = release(Jigsaw(pieces=16), tiny)
    assert torch.equal(released.flatten(1).sort(1).values, tiny.flatten(1).sort(1).values)


@pytest.mark.parametrize("trap", PER_IMAGE, ids=lambda trap: trap.name)
def test_a_release_is_drawn_by_its_generator_and_by_the_seed(trap):
    images = pictures(32, 12)
    first = release(trap(), images, seed=1)
    assert torch.equal(release(trap(), images, seed=1), first)
    assert not torch.equal(release(trap(), images, seed=2), first)
    assert not torch.equal(release(trap(seed=1), images, seed=1), first)
    alike = images[:1].expand(12, -1, -1, -1)
    assert len({one.numpy().tobytes() for one in release(trap(), alike)}) > 3, "not even equal images alike"
