"""Images are taken in batches of as many pixels, however large they are."""

import numpy as np
import pytest
import torch

from privbench.learning.context import Pixels, batch_of


@pytest.mark.parametrize(
    ("count", "side", "batch"), [(256, 64, 256), (256, 32, 256), (256, 128, 64), (256, 256, 16), (128, 2048, 1)]
)
def test_a_batch_holds_no_more_pixels_than_at_64(count, side, batch):
    assert batch_of(count, side) == batch


def test_pixels_know_their_side():
    assert Pixels(np.zeros((3, 1, 48, 48), np.uint8), torch.device("cpu")).side == 48
