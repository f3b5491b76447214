"""A cover that the attacker holds is taken away."""

import numpy as np
import torch
from privbench.attacks.undoing.portraits import portraits_of
from privbench.attacks.undoing.uncovering import fit_uncovering
from privbench.attacks.undoing.undo import OwnPairs


def pictures(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, 8, 8)).astype(np.uint8)


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
