"""Saliency of originals and of noise."""

import numpy as np
import pytest

from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.surroundings import surroundings
from privbench.learning.device import create_fabric
from privbench.learning.recipes import GuidanceRecipe
from privbench.plugins.interfaces import ShownImages
from privbench.utilities.saliency import Saliency

NETWORK = {"backbone": "test_resnet", "epochs": 1, "batch_size": 8, "learning_rate": 1e-3}


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
