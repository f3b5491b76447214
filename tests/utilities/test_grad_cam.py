"""Grad-CAM by hand for a classifier whose answer is known, and the measures that are made of it."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from privbench.data.splits import CELLS
from privbench.learning.networks import Classifier
from privbench.learning.recipes import Backbone
from privbench.utilities.grad_cam import correlation, grad_cam, inside


class Bright(nn.Module):
    """Finding 0 is brightness, finding 1 darkness, seen by one stage of two channels."""

    def __init__(self):
        super().__init__()
        self.stage = nn.Conv2d(1, 2, 1, bias=False)
        self.stage.weight.data = torch.tensor([[[[1.0]]], [[[-1.0]]]])
        self.feature_info = [{"num_chs": 2, "reduction": 1, "module": "stage"}]

    def forward(self, images):
        return functional.relu(self.stage(images - 0.5)).mean((2, 3))


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = Bright()

    def forward(self, images):
        return self.model(images)


def test_it_looks_at_what_makes_the_answer():
    image = torch.full((1, 1, 16, 16), 0.5)
    image[..., :4, :4], image[..., 12:, 12:] = 1.0, 0.0
    cams = [grad_cam(Plain(), image.clone(), finding) for finding in (0, 1)]
    assert [cam.shape for cam in cams] == [(1, CELLS, CELLS)] * 2
    bright, dark = torch.zeros(1, CELLS, CELLS), torch.zeros(1, CELLS, CELLS)
    bright[:, :2, :2], dark[:, 6:, 6:] = 1, 1
    assert float(inside(cams[0], bright)) == pytest.approx(1)
    assert float(inside(cams[1], dark)) == pytest.approx(1)


def test_maps_are_compared_by_pearsons_correlation_and_flat_ones_agree_with_nothing():
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 4, CELLS, CELLS))
    expected = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, other, strict=True)]
    assert correlation(torch.tensor(one), torch.tensor(other)).tolist() == pytest.approx(expected)
    flat = torch.ones(1, CELLS, CELLS)
    seen = torch.tensor(one[:1], dtype=torch.float32)
    assert float(correlation(flat, seen)) == pytest.approx(0, abs=1e-6)
    assert torch.isnan(correlation(seen, flat)).all(), "where it looked nowhere before, there is nothing to keep"
    assert float(inside(torch.zeros_like(flat), flat)) == 0


def test_the_classifier_is_left_as_it_was():
    torch.manual_seed(0)
    classifier = Classifier(Backbone(backbone="test_resnet"), 3).eval()
    before = {key: value.clone() for key, value in classifier.state_dict().items()}
    grad_cam(classifier, torch.rand(2, 1, 64, 64), 1)
    assert all(torch.equal(value, before[key]) for key, value in classifier.state_dict().items())
    assert all(weight.grad is None for weight in classifier.parameters())
