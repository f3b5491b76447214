import numpy as np
import pytest
import torch
from privbench.anonymizers.dp_svd import DPSVD
from scipy import stats

from privbench.base.errors import PrivbenchError

NO_NOISE = 1e9


def released(images, seed=0, **params):
    return DPSVD(**params).anonymize(images, torch.Generator().manual_seed(seed))


def test_without_noise_it_is_the_best_image_of_that_rank(generator):
    images = torch.rand(3, 1, 12, 9, generator=generator)
    for image, one in zip(images[:, 0].numpy(), released(images, k=4, epsilon=NO_NOISE)[:, 0], strict=True):
        left, values, right = np.linalg.svd(image.astype(float))
        assert np.allclose(one, (left[:, :4] * values[:4] @ right[:4]).clip(0, 1), atol=1e-5)


def test_all_values_without_noise_are_the_image(generator):
    images = torch.rand(2, 1, 8, 8, generator=generator)
    assert torch.allclose(released(images, k=8, epsilon=NO_NOISE), images, atol=1e-5)


def test_noise_on_the_values_has_the_density_that_the_guarantee_asks_for():
    """Length of Gamma(k, 1/ε) in grey levels, in any direction: density proportional to exp(-ε |noise|)."""
    values = torch.tensor([0.9, 0.6, 0.4])
    images = torch.zeros(4000, 1, 4, 4)
    images[:, 0, range(3), range(3)] = values  # diagonal: its singular values lie bare, far from 0 and from 1
    noise = released(images, k=3, epsilon=0.5)[:, 0].diagonal(dim1=1, dim2=2)[:, :3] - values
    noise = noise.double().numpy() * 255
    inside = (np.abs(noise) < 25).all(1)  # nothing is clipped there, and nearly all lies there
    assert inside.mean() > 0.98
    lengths = np.linalg.norm(noise[inside], axis=1)
    cut = stats.gamma(3, scale=2)
    known = lengths[lengths < 25]
    assert stats.kstest(known, lambda x: cut.cdf(x) / cut.cdf(25)).pvalue > 0.01
    assert np.abs((noise[inside] / lengths[:, None]).mean(0)).max() < 0.05


def test_singular_vectors_are_released_as_they_are(generator):
    """What the guarantee does not cover: the picture's own vectors are in every release, whatever ε is."""
    image = torch.rand(1, 1, 10, 10, generator=generator) * 0.2 + 0.4
    one = released(image, k=1, epsilon=1.0)
    first, second = (np.linalg.svd(x[0, 0].double().numpy()) for x in (image, one))
    assert abs(first[0][:, 0] @ second[0][:, 0]) == pytest.approx(1, abs=1e-4)


def test_images_of_one_grey_are_released():
    for grey in (0.0, 0.5, 1.0):
        one = released(torch.full((1, 1, 8, 8), grey), k=8, epsilon=0.01)
        assert one.isfinite().all()


def test_more_values_than_there_are_are_refused():
    DPSVD(k=32).check_size(32)
    with pytest.raises(PrivbenchError, match="keeps 33 singular values, and images of 32 x 32"):
        DPSVD(k=33).check_size(32)
