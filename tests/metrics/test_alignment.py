"""Two pictures are laid upon each other, and compared where both are."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from privbench.metrics.alignment import aligned, likeness, likeness_of_parts, shifted
from privbench.metrics.local_contrast import local_contrast

SIDE = 48


@pytest.fixture
def pictures(rng):
    """Six with structures of some pixels, twice as large as they are shown."""
    return ndimage.gaussian_filter(rng.normal(size=(6, 2 * SIDE, 2 * SIDE)), (0, 2, 2))


def cut(pictures, matrix=((1, 0), (0, 1)), shift=(0, 0)):
    """The middle, after that map of places from the one that is shown to the whole picture; in pixels. uint8."""
    middle = np.array([2 * SIDE, 2 * SIDE]) / 2 - 0.5
    offset = middle - np.array(matrix) @ (np.array([SIDE, SIDE]) / 2 - 0.5) + shift
    shown = [ndimage.affine_transform(one, matrix, offset, (SIDE, SIDE), order=3) for one in pictures]
    return torch.from_numpy((128 + 120 * np.clip(np.stack(shown) / (3 * pictures.std()), -1, 1)).astype(np.uint8))


@pytest.mark.parametrize(("down", "across"), [(0, 0), (2, -1), (-1, 2)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_shift_is_found_whatever_the_sign(pictures, down, across, sign):
    fixed = local_contrast(cut(pictures))
    moving = sign * local_contrast(cut(pictures, shift=(-down, -across)))
    found = shifted(moving, fixed)
    by_hand = np.array([[1, 0, across * 2 / SIDE], [0, 1, down * 2 / SIDE], [0, 0, 1]])
    assert np.allclose(found.numpy(), by_hand[None].repeat(6, 0))


@pytest.mark.parametrize("matrix", [((0.95, 0), (0, 0.95)), ((1.04, 0), (0, 0.98)), ((0.998, -0.05), (0.05, 0.998))])
def test_an_affine_map_is_found(pictures, matrix):
    """Of magnified, stretched and turned pictures, which are hardly alike as they lie."""
    plain, changed = cut(pictures), cut(pictures, matrix, (0.7, -1.3))
    fixed, moving = local_contrast(plain), local_contrast(changed)
    shift = shifted(moving, fixed)
    maps = aligned(moving, fixed, shift, steps=4)
    by_hand = np.linalg.inv(np.array(matrix)[::-1, ::-1])  # places are across and down, and back from what is shown
    assert np.abs(maps[:, :2, :2].numpy() - by_hand).max() < 0.02
    assert (maps[:, 2] == torch.tensor([0.0, 0, 1])).all()
    assert (likeness(moving, fixed, maps) > 0.95).all()
    assert (likeness(moving, fixed, maps) > likeness(moving, fixed, shift) + 0.02).all()
    assert (likeness_of_parts(moving, plain, maps) > 0.97).all()


def test_likeness_is_the_correlation_where_both_are(rng):
    first, second = torch.from_numpy(rng.normal(size=(2, 1, 8, 8)))
    there = torch.tensor([[[1.0, 0, -0.25], [0, 1, 0.5], [0, 0, 1]]], dtype=torch.float64)  # one to the left, two down
    a, b = first[0, 2:, :-1].numpy(), second[0, :-2, 1:].numpy()
    by_hand = abs((a * b).sum()) / np.sqrt((a**2).sum() * (b**2).sum())
    assert float(likeness(first, second, there)) == pytest.approx(by_hand)


def test_what_shows_nothing_is_like_nothing(pictures):
    plain = cut(pictures)
    blank = torch.full_like(plain, 9)
    for moving, fixed in ((blank, plain), (plain, blank), (blank, blank)):
        one, other = local_contrast(moving), local_contrast(fixed)
        maps = aligned(one, other, shifted(one, other), steps=2)
        assert not likeness(one, other, maps).any()
        assert not likeness_of_parts(one, fixed, maps).any()
