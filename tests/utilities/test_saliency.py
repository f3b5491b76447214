"""Grad-CAM by hand for a classifier whose answer is known, and the measures that are made of it."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from privbench.data.splits import CELLS
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.surroundings import surroundings
from privbench.learning.networks import Classifier
from privbench.learning.recipes import Backbone, GuidanceRecipe
from privbench.plugins.interfaces import ShownImages
from privbench.running.device import create_fabric
from privbench.utilities.saliency import Saliency, correlation, grad_cam, inside

NETWORK = {"backbone": "test_resnet", "epochs": 1, "batch_size": 8, "learning_rate": 1e-3}


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


def test_originals_agree_with_themselves_and_noise_does_not():
    recipe = GuidanceRecipe(classifier=NETWORK, verifier=NETWORK)
    with surroundings(PhantomDataset(patients=40), recipe, 64, create_fabric("cpu", "32-true")) as around:
        task, test = Saliency(), around.splits["test"]
        assert task.adopt(around.guidance)
        same = task.measure(ShownImages(test.images, test, None), around.context())
        noise = np.random.default_rng(0).integers(0, 256, test.images.shape).astype(np.uint8)
        other = task.measure(ShownImages(noise, test, None), around.context())
    ill = test.locations.any((1, 2, 3))
    assert np.array_equal(np.isnan(same["the same of a flat map"]), ~ill), "without a finding, nothing to look at"
    assert np.nanmin(same["saliency agreement"]) > 0.999
    assert np.nanmean(other["saliency agreement"]) < 0.9
    area = [
        np.mean(
            [test.locations[row, finding].mean() / 255 for finding in np.flatnonzero(test.locations[row].any((1, 2)))]
        )
        for row in np.flatnonzero(ill)
    ]
    assert same["the same of a flat map"][ill] == pytest.approx(area, abs=1e-5)


def test_the_classifier_is_left_as_it_was():
    torch.manual_seed(0)
    classifier = Classifier(Backbone(backbone="test_resnet"), 3).eval()
    before = {key: value.clone() for key, value in classifier.state_dict().items()}
    grad_cam(classifier, torch.rand(2, 1, 64, 64), 1)
    assert all(torch.equal(value, before[key]) for key, value in classifier.state_dict().items())
    assert all(weight.grad is None for weight in classifier.parameters())
