import numpy as np
import pytest
import torch
from privbench.anonymizers.dp_pix import DPPix
from scipy import stats

from privbench.base.errors import PrivbenchError

NO_NOISE = 1e12


def test_cells_are_means(generator):
    images = torch.rand(3, 1, 8, 8, generator=generator)
    released = DPPix(b=4, epsilon=NO_NOISE).anonymize(images, generator)
    expected = images.view(3, 1, 2, 4, 2, 4).mean((3, 5)).repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert torch.allclose(released, expected, atol=1e-6)


def test_cells_that_the_border_cuts_are_means_of_what_is_there(generator):
    images = torch.rand(1, 1, 5, 7, generator=generator)
    released = DPPix(b=4, epsilon=NO_NOISE).anonymize(images, generator)
    assert released.shape == images.shape
    assert released[0, 0, 4, 6] == pytest.approx(images[0, 0, 4, 4:].mean())


def test_one_pixel_cells_without_noise_are_the_identity(generator):
    images = torch.rand(1, 1, 6, 6, generator=generator)
    assert torch.allclose(DPPix(b=1, epsilon=NO_NOISE).anonymize(images, generator), images)


def test_noise_is_laplace_of_the_published_scale(generator):
    images = torch.full((1, 1, 600, 600), 0.5)
    released = DPPix(b=4, m=2, epsilon=4.0).anonymize(images, generator)[0, 0, ::4, ::4].numpy() - 0.5
    scale = 2 / (4**2 * 4.0)
    assert np.abs(released).mean() == pytest.approx(scale, rel=0.03)  # the mean absolute value is the scale
    inside = released[np.abs(released) < 0.49]
    assert stats.kstest(inside.ravel() / scale, "laplace").pvalue > 0.01


def test_noise_does_not_depend_on_batching():
    images = torch.rand(5, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    whole = DPPix(b=2).anonymize(images, torch.Generator().manual_seed(7))
    generator = torch.Generator().manual_seed(7)
    parts = torch.cat([DPPix(b=2).anonymize(images[rows], generator) for rows in ([0, 1], [2], [3, 4])])
    assert torch.equal(whole, parts)


def test_cells_that_the_border_cuts_get_the_noise_of_their_size(generator):
    """A cell of n pixels changes by m / n when m pixels change, so its noise must have the scale m / (n ε)."""
    images = torch.full((20_000, 1, 3, 3), 0.5)
    released = DPPix(b=2, epsilon=50.0).anonymize(images, generator)[:, 0] - 0.5
    scales = released.abs().mean(0).numpy()
    expected = np.array([[1 / 4, 1 / 4, 1 / 2], [1 / 4, 1 / 4, 1 / 2], [1 / 2, 1 / 2, 1]]) / 50
    assert scales == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    "wrong", [{"epsilon": float("inf")}, {"b": 0}, {"b": 1.5}, {"epsilon": 0}, {"m": 0}, {"sigma": 1}]
)
def test_parameters_are_checked(wrong):
    with pytest.raises(PrivbenchError, match="the parameters of anonymizer 'dp-pix'"):
        DPPix(**wrong)
