"""The mathematics of the method; what it promises the harness is for `privbench check-plugin wavelet-noise`."""

import pytest
import torch
from wavelet_noise.anonymizer import WaveletNoise
from wavelet_noise.haar import bands, inverse, transform

from privbench import PrivbenchError


def images(count=8, side=32):
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(0))


def method(*spreads, mean=0.5, kept=4):
    """One that halves once, and has learnt that every image has that grey."""
    made = WaveletNoise(levels=1, kept=kept, strength=1)
    state = {"mean": transform(torch.full((32, 32), mean), 1), "spreads": torch.tensor(spreads)}
    made.load_state(state, torch.device("cpu"))
    return made


@pytest.mark.parametrize("levels", [1, 3, 5])
def test_the_transform_keeps_energy_and_is_undone(levels):
    found = transform(images(), levels)
    assert torch.allclose(found.square().sum(), images().square().sum())
    assert torch.allclose(inverse(found, levels), images(), atol=1e-6)


def test_a_constant_image_is_in_the_coarsest_band_alone():
    found = transform(torch.ones(1, 1, 8, 8), 2)
    assert torch.allclose(found[0, 0, :2, :2], torch.tensor(4.0))
    assert found.count_nonzero() == 4


def test_the_bands_cover_each_coefficient_once():
    covered = torch.zeros(32, 32)
    for rows, columns in bands(32, 3):
        covered[rows, columns] += 1
    assert len(list(bands(32, 3))) == 10
    assert (covered == 1).all()


def test_noise_of_each_band_is_as_strong_as_told():
    spreads = (0.04, 0.03, 0.02, 0.01)
    grey = torch.full((64, 1, 32, 32), 0.5)
    released = method(*spreads).anonymize(grey, torch.Generator().manual_seed(1))
    noise = transform(released - grey, 1)
    found = [noise[..., rows, columns].std().item() for rows, columns in bands(32, 1)]
    assert found == pytest.approx(spreads, rel=0.02)


def test_details_are_those_of_the_mean():
    released = method(1e-6, kept=1).anonymize(images(), torch.Generator().manual_seed(1))
    found, before = transform(released, 1), transform(images(), 1)
    assert torch.allclose(found[..., :16, :16], before[..., :16, :16], atol=1e-4)
    assert found[..., 16:, :].abs().max() < 1e-5
    assert found[..., :16, 16:].abs().max() < 1e-5


def test_an_image_gets_its_noise_in_any_batch():
    noisy, generator = method(*[0.1] * 4), torch.Generator().manual_seed(2)
    whole = noisy.anonymize(images(), torch.Generator().manual_seed(2))
    parts = [noisy.anonymize(part, generator) for part in images().split(3)]
    assert torch.equal(torch.cat(parts), whole)


def test_a_size_that_cannot_be_halved_so_often_is_told():
    with pytest.raises(PrivbenchError, match="halves images 3 times, and those of the data have 36 pixels"):
        WaveletNoise().check_size(36)
