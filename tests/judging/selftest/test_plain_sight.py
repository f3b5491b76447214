"""The traps do what their names say, to every image alike."""

import pytest
import torch

from privbench.judging.selftest.plain_sight import (
    PLAIN_SIGHT,
    Gamma,
    Inversion,
    Mirror,
    Pattern,
    Rotation,
    Shuffle,
    Warp,
)


@pytest.mark.parametrize("trap", PLAIN_SIGHT, ids=lambda trap: trap.name)
def test_plain_sight_changes_the_image_and_keeps_it_apart_from_others(trap, around):
    images = around.images
    released = trap().anonymize(images, torch.Generator())
    assert (released - images).abs().mean() > 0.03
    alike = torch.corrcoef(released.flatten(1)).fill_diagonal_(0)
    assert alike.abs().max() < 0.999, "two images stay two images"


def test_shuffled_blocks_are_the_same_blocks():
    images = torch.rand(2, 1, 19, 19, generator=torch.Generator().manual_seed(0))
    released = Shuffle(block=6).anonymize(images, torch.Generator())

    def blocks(x):
        return sorted(x[..., :18, :18].unfold(2, 6, 6).unfold(3, 6, 6).reshape(-1, 36).sum(1).tolist())

    assert blocks(released) == pytest.approx(blocks(images))
    assert torch.equal(released[..., 18:, :], images[..., 18:, :])
    assert (1 - Inversion().anonymize(images, torch.Generator()) - images).abs().max() < 1e-6


@pytest.fixture
def ramp():
    """Two images that are darker towards the upper left. Shape: (2, 1, 8, 8)."""
    return torch.linspace(0, 1, 2 * 64).reshape(2, 1, 8, 8)


def test_images_are_mirrored_and_turned_as_they_are_named(ramp):
    mirrored, turned = (trap().anonymize(ramp, torch.Generator()) for trap in (Mirror, Rotation))
    for row, column in ((0, 0), (2, 5), (7, 1)):
        assert torch.equal(mirrored[..., row, 7 - column], ramp[..., row, column])
        assert torch.equal(turned[..., 7 - column, row], ramp[..., row, column])


def test_the_grey_curve_is_bent_by_its_exponent(ramp):
    released = Gamma(gamma=2).anonymize(ramp, torch.Generator())
    assert torch.allclose(released.sqrt(), ramp, atol=1e-6)
    assert torch.equal(Gamma(gamma=1).anonymize(ramp, torch.Generator()), ramp)


def test_the_pattern_is_the_same_below_every_image(ramp):
    released = Pattern().anonymize(ramp, torch.Generator())
    pattern = 2 * released - ramp
    assert torch.allclose(pattern[0], pattern[1], atol=1e-6)
    assert pattern.std() > 0.2
    assert 0 <= released.min() < released.max() <= 1


def test_a_warp_without_strength_moves_nothing_and_a_strong_one_keeps_grey_values(ramp):
    still = Warp(strength=0).anonymize(ramp, torch.Generator())
    assert torch.allclose(still, ramp, atol=1e-6)
    warped = Warp(strength=0.2).anonymize(ramp, torch.Generator())
    assert not torch.allclose(warped, ramp, atol=0.05)
    for before, after in zip(ramp, warped, strict=True):
        assert before.min() <= after.min() <= after.max() <= before.max()


@pytest.mark.parametrize("trap", PLAIN_SIGHT, ids=lambda trap: trap.name)
def test_every_image_is_treated_alike_whatever_the_generator(trap, ramp):
    """What an attacker can learn from other images holds for this one."""
    both = trap().anonymize(ramp, torch.Generator().manual_seed(1))
    alone = trap().anonymize(ramp[1:], torch.Generator().manual_seed(2))
    assert torch.allclose(both[1:], alone, atol=1e-6)
