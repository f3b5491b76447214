"""Pixels that were spread over the image are gathered again."""

import numpy as np
import pytest
import torch
from pictures import SIDES, levels_off, pictures, release

from privbench.judging.selftest.traps.transforms import Mixing, Spectrum, hartley


def test_the_hartley_transform_is_that_of_the_books(generator):
    """The sum of every value times cos + sin of its phase; done twice it changes nothing."""
    image = torch.rand(5, 6, generator=generator, dtype=torch.float64)
    y, x = np.mgrid[:5, :6]
    expected = np.empty((5, 6))
    for v, u in np.ndindex(5, 6):
        phase = 2 * np.pi * (v * y / 5 + u * x / 6)
        expected[v, u] = (image.numpy() * (np.cos(phase) + np.sin(phase))).sum() / np.sqrt(30)
    assert np.allclose(hartley(image).numpy(), expected)
    assert torch.allclose(hartley(hartley(image)), image)


def mixing_of(trap, side):
    """What each pixel adds to the release. Shape: (side², side²)."""
    one_bright = 0.5 + 0.5 * torch.eye(side * side).view(-1, 1, side, side)
    return 2 * (trap.anonymize(one_bright, torch.Generator()) - 0.5).flatten(1)


@pytest.mark.parametrize("side", SIDES)
def test_a_mixing_is_undone_by_its_transpose(side):
    images, trap = pictures(side), Mixing()
    mixing, released = mixing_of(trap, side), release(trap, images)
    back = 0.5 + ((released - 0.5).flatten(1) @ mixing.T / 0.25).view_as(images)
    assert levels_off(back, images) < 1
    assert ((released == 0) | (released == 1)).float().mean() < 1e-3, "next to nothing is clipped"
    changes = [(part - part.mean(0)).flatten().numpy() for part in (released, images)]
    assert np.abs(np.corrcoef(changes)[0, 1]) < 0.1, "nothing is left in its place"


def test_a_mixing_is_orthogonal_dense_and_of_its_seed():
    mixing, other = (mixing_of(Mixing(seed=seed), 32) for seed in (0, 1))
    assert torch.allclose(mixing @ mixing.T, 0.25 * torch.eye(1024), atol=1e-5)
    assert mixing.abs().max() < 0.03, "no pixel stands out anywhere"
    assert (mixing - other).abs().mean() > 0.005


@pytest.mark.parametrize("side", SIDES)
def test_a_spectrum_is_turned_back_into_the_image(side):
    images, places = pictures(side), set()
    for seed in (0, 1, 2, 3):
        trap = Spectrum(seed=seed)
        black = trap.anonymize(torch.zeros(1, 1, side, side), torch.Generator())[0, 0] - 0.5
        row, column = divmod(int(black.abs().argmax()), side)
        sign = -float(black[row, column].sign())  # all of a black image is less than grey
        sizes = (2 * release(trap, images).double().numpy() - 1) * sign
        coefficients = np.sign(sizes) * 0.05 * np.expm1(np.abs(sizes) * np.log1p(0.5 * side / 0.05))
        spectrum = np.fft.fft2(np.roll(coefficients, (-row, -column), (2, 3)), norm="ortho")
        back = 0.5 + torch.from_numpy(spectrum.real - spectrum.imag)
        assert levels_off(back, images) < 3
        places.add((row, column, sign))
    assert len(places) == 4
    assert len({sign for *_, sign in places}) == 2
