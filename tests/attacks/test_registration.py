"""What is done to every image alike is undone."""

import numpy as np
import pytest
import torch
from privbench.attacks import registration
from privbench.attacks.registration import register

from privbench.judging.selftest.traps.geometry import Mirror, Rotation, Shuffle
from privbench.judging.selftest.traps.grey_values import Gamma, Inversion, Pattern


@pytest.fixture(scope="module")
def images():
    """Smooth random fields, which leave no doubt where a pixel went. Shape: (800, 1, 16, 16), uint8."""
    fields = torch.rand(800, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(fields, (1, 1, 1, 1), mode="reflect"), 3, 1)
    return (smooth * 255).round().to(torch.uint8).numpy()


def released_by(anonymizer, images):
    out = anonymizer.anonymize(torch.from_numpy(images).float() / 255, torch.Generator())
    return (out * 255).round().to(torch.uint8).numpy()


def moved(found):
    """How many pixels are taken from elsewhere."""
    return int((found.source != torch.arange(len(found.source))).sum())


def undone(released, originals, count=600):
    found = register(released[:count], originals[:count], np.random.default_rng(0), torch.device("cpu"))
    return found, found.undo(torch.from_numpy(released[count:]).float() / 255).numpy() * 255


@pytest.mark.parametrize("trap", [Inversion, Mirror, Rotation, Shuffle, Gamma, Pattern], ids=lambda t: t.name)
def test_plain_sight_is_undone_on_new_images(trap, images):
    params = {"block": 4} if trap.name == "trap-shuffle" else {}
    released = released_by(trap(**params), images)
    _, restored = undone(released, images)
    error = np.abs(restored - images[600:]).mean()
    assert error < (8 if trap.name == "trap-gamma" else 2), "of 255; gamma is no straight line"
    assert np.abs(released[600:].astype(float) - images[600:]).mean() > 4 * error


def test_moved_pixels_are_found_exactly(images):
    order = np.random.default_rng(1).permutation(256)
    released = images.reshape(800, -1)[:, order].reshape(images.shape)
    found, _ = undone(released, images)
    assert np.array_equal(order[found.source.numpy()], np.arange(256))


def test_a_table_in_small_parts_is_the_same_table(images, monkeypatch):
    """As that of large images is, whose correlations fit no memory."""
    order = np.random.default_rng(1).permutation(256)
    released = 255 - images.reshape(800, -1)[:, order].reshape(images.shape)
    whole, _ = undone(released, images)
    monkeypatch.setattr(registration, "_TABLE", 20 * 256)
    parts, _ = undone(released, images)
    assert torch.equal(parts.source, whole.source)
    assert torch.allclose(parts.gain, whole.gain)


def test_noise_and_constants_leave_every_pixel_in_its_place(images):
    noise = np.random.default_rng(2).integers(0, 256, images.shape).astype(np.uint8)
    found, restored = undone(noise, images)
    assert moved(found) == 0
    assert np.isfinite(restored).all()
    found, restored = undone(np.full_like(images, 9), images)
    assert moved(found) == 0
    assert np.ptp(restored, axis=0).max() == 0


def test_an_unchanged_image_is_left_as_it_is(images):
    found, restored = undone(images, images)
    assert moved(found) == 0
    assert np.abs(restored - images[600:]).max() < 0.1


@pytest.mark.parametrize("scale", [0.5, 1, 3])
def test_noise_is_not_made_worse(images, scale):
    """Where noise hides the image, the registered release says no less of the original than the release itself."""
    rng = np.random.default_rng(3)
    noisy = (images + 255 * rng.laplace(0, scale, images.shape)).clip(0, 255).astype(np.uint8)
    found, restored = undone(noisy, images)

    def agreement(seen):
        lows = [x.reshape(200, 4, 4, 4, 4).mean((2, 4)).reshape(200, -1).astype(float) for x in (seen, images[600:])]
        lows = [low - low.mean(0) for low in lows]
        return float((lows[0] * lows[1]).sum() / np.sqrt((lows[0] ** 2).sum() * (lows[1] ** 2).sum()))

    assert moved(found) < 5
    assert (found.gain >= 0).all()
    assert agreement(restored[:, 0]) > agreement(noisy[600:, 0]) - 0.02
