import numpy as np
import pytest
import torch
from privbench.anonymizers.histogram import Histogram

from privbench.judging.contract.surroundings import Surroundings


def taught(images):
    """The method with a template: the grey values of those images. Shape: (N, 1, H, W), uint8."""
    method = Histogram()
    counts = np.bincount(images.ravel(), minlength=256)
    method.load_state({"counts": torch.from_numpy(counts)}, torch.device("cpu"))
    return method


def matched(image, template):
    """Histogram matching as scikit-image documents it: the grey values' quantiles, and the template's there."""
    _, places, counts = np.unique(image, return_inverse=True, return_counts=True)
    values, of_template = np.unique(template, return_counts=True)
    quantiles = np.interp(counts.cumsum() / image.size, of_template.cumsum() / template.size, values)
    return quantiles[places.ravel()].reshape(image.shape)


def test_it_is_the_textbooks(rng):
    images = rng.integers(0, 120, (3, 1, 16, 16)).astype(np.uint8)
    template = (rng.integers(0, 100, (5, 1, 16, 16)) * 2 + 50).astype(np.uint8)
    released = taught(template).anonymize(torch.from_numpy(images).float() / 255, torch.Generator()).numpy() * 255
    for image, one in zip(images[:, 0], released[:, 0], strict=True):
        assert np.allclose(one, matched(image, template), atol=1e-3)


def test_what_has_the_templates_histogram_stays(rng):
    template = rng.permutation(256).astype(np.uint8).reshape(1, 1, 16, 16)
    released = taught(template).anonymize(torch.from_numpy(template).float() / 255, torch.Generator()) * 255
    assert np.allclose(released.numpy(), template, atol=1e-3)


def test_curves_of_grey_make_no_difference(rng):
    """It undoes what is done to grey values as long as it keeps their order."""
    images = rng.choice(np.arange(0, 200, 2), (2, 1, 16, 16)).astype(np.uint8)
    method = taught(rng.integers(0, 256, (4, 1, 16, 16)).astype(np.uint8))
    first, second = (
        method.anonymize(torch.from_numpy(one).float() / 255, torch.Generator()) for one in (images, images + 40)
    )
    assert torch.equal(first, second)


def test_the_template_is_that_of_all_training_images(around: Surroundings):
    method = Histogram()
    splits = around.splits
    method.fit(splits["train"], splits["val"], around.guidance, around.context())
    (counts,) = method.state().values()
    assert counts.tolist() == np.bincount(splits["train"].images.ravel(), minlength=256).tolist()
    assert method.learns


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_images_of_one_grey_become_images_of_one_grey(rng, grey):
    method = taught(rng.integers(10, 200, (2, 1, 8, 8)).astype(np.uint8))
    released = method.anonymize(torch.full((1, 1, 8, 8), grey / 255), torch.Generator())
    assert released.unique().numel() == 1
