"""A cover that the attacker holds is taken away."""

import numpy as np
import pytest
import torch
from privbench.attacks.undoing.portraits import portraits_of
from privbench.attacks.undoing.uncovering import Uncovering, fit_uncovering
from privbench.attacks.undoing.undo import OwnPairs


def pictures(count: int, seed: int, side: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, side, side)).astype(np.uint8)


def covered(images: np.ndarray, covers: np.ndarray, seed: int) -> np.ndarray:
    chosen = covers[np.random.default_rng(seed).integers(len(covers), size=len(images))]
    return np.round(0.2 * images + 0.8 * chosen).astype(np.uint8)


def likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    pairs = zip(one.reshape(len(one), -1), other.reshape(len(other), -1), strict=True)
    return np.array([np.corrcoef(*pair)[0, 1] for pair in pairs])


def test_what_lies_below_is_left():
    train, test = pictures(100, 0), pictures(40, 1)
    examples = OwnPairs(covered(train, train, 2), train, portraits_of(torch.rand(4, 9), 2))
    undo = fit_uncovering(examples, np.random.default_rng(0))
    release = covered(test, train, 3)
    assert likeness(release, test).mean() < 0.4
    assert np.median(likeness(undo(torch.from_numpy(release)).numpy(), test)) > 0.9


def test_no_image_is_its_own_cover():
    train = pictures(100, 0)
    examples = OwnPairs(train, train, portraits_of(torch.rand(4, 9), 2))
    undo = fit_uncovering(examples, np.random.default_rng(0))
    assert likeness(undo.of_examples(examples).numpy(), train).min() > 0.8
    assert np.abs(likeness(undo(torch.from_numpy(train)).numpy(), train)).max() < 0.6, "itself would be taken away"


def fitted(train: np.ndarray) -> tuple[Uncovering, OwnPairs]:
    """Fitted to images below one another, and those."""
    examples = OwnPairs(covered(train, train, 2), train, portraits_of(torch.rand(4, 9), 2))
    return fit_uncovering(examples, np.random.default_rng(0)), examples


def by_hand(releases: np.ndarray, covers: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """What regression on its cover leaves of each release, as bright and rich in contrast as originals; 0 to 255."""
    flat = originals.reshape(len(originals), -1) / 255
    left = []
    for release, cover in zip(releases, covers, strict=True):
        slope, offset = np.polyfit(cover.ravel() / 255, release.ravel() / 255, 1)
        rest = release.ravel() / 255 - slope * cover.ravel() / 255 - offset
        left.append(flat.mean(0) + rest / rest.std(ddof=1) * (flat - flat.mean(0)).std(ddof=1))
    return np.clip(np.array(left), 0, 1).reshape(releases.shape) * 255


@pytest.mark.parametrize("side", [16, 64, 96, 128])
def test_a_cover_is_taken_away_at_full_size(side):
    """Above 64 px it is told by smaller images; what is left is what regression on the cover leaves."""
    train, test = pictures(60, 0, side), pictures(20, 1, side)
    undo, _ = fitted(train)
    covers = train[np.random.default_rng(3).integers(len(train), size=len(test))]
    release = np.round(0.2 * test + 0.8 * covers).astype(np.uint8)
    undone = undo(torch.from_numpy(release)).numpy()
    assert np.abs(undone - by_hand(release, covers, train)).max() < 0.6, "but for rounding"
    assert undo._covers.shape == (60, min(side, 64) ** 2), "which is what memory and time hang on"


def test_small_images_are_compared_as_they_are():
    """To the bit: at 64 px there is nothing to be won by fewer pixels."""
    train = pictures(40, 0, 64)
    flat = torch.from_numpy(train).flatten(1).float() / 255
    flat = torch.nn.functional.normalize(flat - flat.mean(1, keepdim=True), dim=1)
    assert torch.equal(fitted(train)[0]._covers, flat)


@pytest.mark.parametrize("side", [8, 80])
def test_what_is_stored_undoes_the_same_before_and_after_its_first_use(side):
    undo, examples = fitted(pictures(30, 0, side))
    fresh = Uncovering(**undo.state())
    once = undo.images(examples.released)
    again = Uncovering(**undo.state())
    assert set(undo.state()) == {"originals", "rows", "mean", "spread"}
    assert torch.equal(fresh.images(examples.released), once)
    assert torch.equal(again.images(examples.released), once)
