"""The Gaussian model of originals, against closed forms."""

import numpy as np
import pytest
import torch
from privbench.attacks.undoing.portraits import portraits_of, sample_by_size, sample_of


@pytest.mark.parametrize("pixels", [20, 400])
def test_components_are_those_of_the_singular_value_decomposition(pixels):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(100, pixels, generator=generator) * 0.9 ** torch.arange(pixels)  # as those of radiographs fall
    model = portraits_of(images, 5)
    _, spread, basis = torch.linalg.svd((images - images.mean(0)).double(), full_matrices=False)
    assert torch.allclose(model.variance.double(), spread[:5] ** 2 / 99, rtol=1e-3)
    assert torch.allclose((model.basis.double() @ basis[:5].T).abs(), torch.eye(5).double(), atol=1e-3)
    assert float(model.noise) == pytest.approx(float((spread[5:] ** 2).sum() / 99 / (pixels - 5)), rel=1e-3)


def test_the_likelihood_is_that_of_the_gaussian():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(500, 6, generator=generator) * torch.tensor([5.0, 4, 3, 0.5, 0.5, 0.5])
    model = portraits_of(images, 3)
    rest = torch.eye(6) - model.basis.T @ model.basis
    covariance = model.basis.T @ torch.diag(model.variance) @ model.basis + model.noise * rest
    gaussian = torch.distributions.MultivariateNormal(model.mean, covariance)
    others = torch.randn(40, 6, generator=generator) * 3
    told, exact = model.unlikelihood(others), -2 * gaussian.log_prob(others)
    assert torch.allclose(told - told[0], exact - exact[0], atol=1e-2)


def test_images_that_never_vary_are_no_trouble():
    model = portraits_of(torch.full((30, 16), 0.5), 4)
    for told in (model.unlikelihood(torch.rand(3, 16)), model.features(torch.rand(3, 16))):
        assert torch.isfinite(told).all()


def test_a_sample_has_an_end():
    assert len(sample_of(np.zeros((3000, 1)), 2048, np.random.default_rng(0))) == 2048
    assert sample_of(np.zeros((30, 1)), 2048, np.random.default_rng(0)).tolist() == list(range(30))


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(32, 32, 30), (64, 64, 30), (64, 128, 15), (128, 128, 7), (256, 256, 1), (512, 512, 1)],
)
def test_of_larger_images_fewer_are_drawn(height, width, expected):
    """No more pixels than thirty images of 64 px have, but one image at least."""
    images = np.broadcast_to(np.uint8(0), (50, 1, height, width))
    rows = sample_by_size(images, 30, np.random.default_rng(0))
    assert len(np.unique(rows)) == len(rows) == expected
    if expected == 30:
        assert np.array_equal(rows, sample_of(images, 30, np.random.default_rng(0))), "the same as without a bound"
