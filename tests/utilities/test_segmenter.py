"""Dice against counts."""

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from privbench.utilities.segmenter import dice


def test_dice_is_the_f1_score_of_pixels():
    rng = np.random.default_rng(0)
    found, truth = (torch.from_numpy(rng.random((3, 2, 9, 7)) < 0.3) for _ in range(2))
    truth[2] = False
    found[2, 1] = False
    values = dice(found, truth)
    for image in range(2):
        for organ in range(2):
            expected = f1_score(truth[image, organ].ravel(), found[image, organ].ravel())
            assert float(values[image, organ]) == pytest.approx(expected)
    assert torch.isnan(values[2]).all(), "where nothing is, nothing can be found"
