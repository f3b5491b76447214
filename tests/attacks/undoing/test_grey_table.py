"""Grey values that a table changed."""

import numpy as np
import torch
from privbench.attacks.undoing.grey_table import fit_grey_table
from privbench.attacks.undoing.portraits import portraits_of
from privbench.attacks.undoing.undo import OwnPairs


def fitted(released, originals):
    portraits = portraits_of(torch.from_numpy(originals).flatten(1).float() / 255, 4)
    return fit_grey_table(OwnPairs(released, originals, portraits), np.random.default_rng(0))


def test_any_order_of_grey_values_is_undone_to_the_bit():
    rng = np.random.default_rng(1)
    originals, table = rng.integers(0, 256, (60, 1, 16, 16), dtype=np.uint8), rng.permutation(256).astype(np.uint8)
    undo = fitted(table[originals[:40]], originals[:40])
    assert np.array_equal(undo.images(table[originals[40:]]).numpy(), originals[40:])


def test_a_grey_value_of_two_becomes_their_mean_and_one_of_none_stays():
    originals = np.repeat(np.array([10, 30], np.uint8), 32).reshape(4, 1, 4, 4)
    undo = fitted(np.full_like(originals, 7), originals)
    shown = np.array([[[[7, 8]]]], np.uint8)
    assert undo.images(shown).tolist() == [[[[20, 8]]]]


def test_of_large_images_a_part_is_counted(monkeypatch):
    """As many pixels as 1024 images of 64 px have; of a table they show what all would."""
    counted, count = [], np.bincount
    monkeypatch.setattr(np, "bincount", lambda values, **told: counted.append(len(values)) or count(values, **told))
    rng = np.random.default_rng(1)
    originals, table = rng.integers(0, 256, (80, 1, 256, 256), dtype=np.uint8), rng.permutation(256).astype(np.uint8)
    undo = fit_grey_table(OwnPairs(table[originals], originals, None), np.random.default_rng(0))
    assert counted == [1024 * 64 * 64] * 2
    assert np.array_equal(undo.images(table[originals[:2]]).numpy(), originals[:2])
