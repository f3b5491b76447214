"""A segmenter that finds what it was shown."""

import numpy as np

from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.surroundings import surroundings
from privbench.learning.device import create_fabric
from privbench.learning.recipes import GuidanceRecipe
from privbench.plugins.interfaces import ShownImages
from privbench.utilities.segmentation import Segmentation

NETWORK = {"backbone": "test_resnet", "epochs": 1, "batch_size": 8, "learning_rate": 1e-3}
GUIDANCE = GuidanceRecipe(classifier=NETWORK, verifier=NETWORK)


def test_lungs_and_heart_are_found_on_images_like_those_it_learnt_from_and_not_on_grey_ones():
    with surroundings(PhantomDataset(patients=40), GUIDANCE, 32, create_fabric("cpu", "32-true")) as around:
        task = Segmentation(**NETWORK | {"epochs": 12, "learning_rate": 1e-2})
        task.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
        test = around.splits["test"]
        seen = task.measure(ShownImages(test.images, test, None), around.context())
        grey = task.measure(ShownImages(np.full_like(test.images, 128), test, None), around.context())
    assert list(seen) == ["Dice of the lungs", "Dice of the heart"]
    assert np.nanmean(seen["Dice of the lungs"]) > 0.85
    assert np.nanmean(seen["Dice of the heart"]) > 0.7
    assert np.nanmean(grey["Dice of the lungs"]) < 0.75, "where lungs usually are is all that is left"
