"""Undoing many images, some at a time."""

import numpy as np
import pytest
import torch
from privbench.attacks.undoing.undo import BATCH, Undo


class Negative(Undo):
    """Black for white; keeps how many images it saw at a time."""

    def __init__(self):
        self.seen = []

    def __call__(self, images):
        self.seen.append(len(images))
        return 255 - images

    def state(self):
        return {}


@pytest.mark.parametrize(("count", "seen"), [(0, []), (1, [1]), (BATCH, [BATCH]), (2 * BATCH + 3, [BATCH, BATCH, 3])])
def test_images_are_undone_some_at_a_time_and_stay_in_order(count, seen):
    images = np.random.default_rng(0).integers(0, 256, (count, 1, 4, 6), dtype=np.uint8)
    undo = Negative()
    undone = undo.images(images)
    assert (undone.dtype, undo.seen) == (torch.uint8, seen)
    assert np.array_equal(undone.numpy(), 255 - images)
