"""Moves that differ from image to image are found by what originals look like."""

import numpy as np
import pytest
import torch
from moved import each, images_of, reordered, shifted, toned, turned, wrapped
from privbench.attacks.undoing.canonical import FAMILIES, Canonical, fit_canonical
from privbench.attacks.undoing.portraits import portraits_of
from privbench.attacks.undoing.undo import OwnPairs


def fitted(family: str, originals: np.ndarray) -> Canonical:
    portraits = portraits_of(torch.rand(4, 9), 2)  # which the families do not look at
    return fit_canonical(family, OwnPairs(originals, originals, portraits), np.random.default_rng(0))


MOVED = {
    "wraps": wrapped,
    "turns": turned, "shifts": shifted, "turns and shifts": lambda image, rng: shifted(turned(image, rng), rng),
    "4 x 4 parts": reordered(4, 4), "8 x 1 parts": reordered(8, 1), "1 x 8 parts": reordered(1, 8),
    "2 x 2 parts": reordered(2, 2),
}  # fmt: skip


@pytest.mark.parametrize("family", MOVED)
def test_images_are_moved_back(family):
    undo, originals = fitted(family, images_of(300, 0)), images_of(60, 1)
    undone = undo(torch.from_numpy(each(originals, MOVED[family]))).numpy()
    error = np.abs(undone.astype(int) - originals).mean((1, 2, 3))
    assert (error < (12 if family == "turns and shifts" else 6)).mean() > 0.9, "which shifts by two pixels"


def test_any_curve_is_straightened():
    undo, originals = fitted("tones", images_of(300, 0)), images_of(60, 1)
    straight = undo(torch.from_numpy(originals))
    assert np.abs(straight.numpy().astype(int) - originals).mean() < 12
    curved = undo(torch.from_numpy(each(originals, toned)))
    assert np.median(np.abs(curved.numpy().astype(int) - straight.numpy())) <= 2


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("side", [32, 60, 64])
def test_originals_stay_as_they_are(family, side):
    """Mostly: a family that is not asked for may do little harm, and a rest that fills no part none."""
    originals = images_of(80, 1).repeat(2, 2).repeat(2, 3)[..., :side, :side]
    undo = fitted(family, originals)
    undone = undo(torch.from_numpy(originals))
    assert undone.shape == originals.shape
    assert undone.dtype == torch.uint8
    if family not in ("tones", "8 x 8 parts"):  # whose places look alike here
        assert (np.abs(undone.numpy().astype(int) - originals).mean((1, 2, 3)) < 6).mean() > 0.9


@pytest.mark.parametrize("family", FAMILIES)
def test_it_comes_back_from_its_state(family):
    images = images_of(80, 1)
    undo = fitted(family, images)
    again = Canonical.of_state(family, undo.state())
    moved = torch.from_numpy(each(images, turned))
    assert torch.equal(undo(moved), again(moved))


@pytest.mark.parametrize("family", ["4 x 4 parts", "8 x 1 parts"])
def test_parts_of_large_images_are_told_apart_by_their_means(family):
    originals, others = (images_of(count, seed).repeat(4, 2).repeat(4, 3) for count, seed in ((60, 1), (300, 0)))
    assert originals.shape[-1] > 64
    undo = fitted(family, others)
    assert undo.models[0].mean.numel() * len(undo.models) == 64 * 64
    undone = undo(torch.from_numpy(each(originals, MOVED[family]))).numpy()
    assert (np.abs(undone.astype(int) - originals).mean((1, 2, 3)) < 6).mean() > 0.9
