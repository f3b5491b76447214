"""Grey values that were changed are changed back."""

import numpy as np
import pytest
import torch
from pictures import SIDES, grey_levels, levels_off, pictures, published, release

from privbench.judging.selftest.traps.grey_values import Curve, Gamma, Inversion, Key, Pattern

SEEDS = range(12)


def grey(value, side=4):
    return torch.full((1, 1, side, side), value)


def becomes(trap, value, side=4):
    """What an image of one grey value becomes. Shape: (1, 1, side, side)."""
    return trap.anonymize(grey(value, side), torch.Generator())


@pytest.mark.parametrize("side", SIDES)
def test_an_inversion_is_stretched_and_inverted_back(side):
    images, ends = pictures(side), []
    for seed in SEEDS:
        trap = Inversion(seed=seed)
        brightest, darkest = (float(becomes(trap, value).mean()) for value in (0.0, 1.0))
        assert 0 <= darkest <= 0.2 < 0.8 <= brightest <= 1
        back = (brightest - release(trap, images)) / (brightest - darkest)
        assert 255 * (back - images).abs().max() < 1
        ends.append(brightest)
    assert len(set(ends)) == len(ends)


@pytest.mark.parametrize("side", SIDES)
def test_a_bent_curve_is_bent_back_by_the_reciprocal_exponent(side):
    images, exponents = pictures(side), []
    for seed in SEEDS:
        trap = Gamma(seed=seed)
        exponents.append(float(becomes(trap, 0.5).log2().mean().neg()))
        back = release(trap, images) ** (1 / exponents[-1])
        assert levels_off(back, images) < 1.5
    assert min(exponents) < 1 / 1.5 + 1e-6, "brighter for some seeds"
    assert max(exponents) > 1.5 - 1e-6, "darker for others"
    assert all(1.5 - 1e-6 < max(one, 1 / one) < 3 + 1e-6 for one in exponents)


@pytest.mark.parametrize("side", SIDES)
def test_the_pattern_is_subtracted(side):
    images, patterns = pictures(side), []
    for seed in (0, 1):
        trap = Pattern(seed=seed)
        patterns.append(2 * becomes(trap, 0.0, side))
        assert 255 * (2 * release(trap, images) - patterns[-1] - images).abs().max() < 1.01
        assert patterns[-1].std() > 0.2
    assert (patterns[0] - patterns[1]).abs().mean() > 0.2


@pytest.mark.parametrize("side", SIDES)
def test_a_folded_curve_is_looked_up(side):
    images, turning_points, tables = pictures(side), set(), set()
    for seed in SEEDS:
        trap = Curve(seed=seed)
        table = grey_levels(trap.anonymize(torch.arange(256).view(1, 1, 16, 16) / 255, torch.Generator())).flatten()
        assert sorted(table.tolist()) == list(range(256)), "each grey value has one of its own"
        assert torch.equal(table.argsort()[grey_levels(release(trap, images))] / 255, images)
        steps = np.diff(table.numpy())
        assert np.abs(steps).max() < 20, "without a jump"
        turning_points.add(int((np.sign(steps[1:]) != np.sign(steps[:-1])).sum()))
        tables.add(tuple(table.tolist()))
    assert turning_points == {2, 3, 4}
    assert len(tables) == len(SEEDS)


@pytest.mark.parametrize("side", SIDES)
def test_the_key_is_subtracted_modulo_256(side):
    images, keys = pictures(side), []
    for seed in (0, 1):
        trap = Key(seed=seed)
        keys.append(grey_levels(becomes(trap, 0.0, side)))
        back = (grey_levels(release(trap, images)) - keys[-1]) % 256
        assert torch.equal(back, grey_levels(images))
        assert len(keys[-1].unique()) > 240
    assert (keys[0] != keys[1]).float().mean() > 0.98
    assert torch.equal(published(images), images)
