"""Kernel ridge regression from releases to originals."""

import numpy as np
import pytest
import torch
from privbench.attacks.undoing import regression
from privbench.attacks.undoing.portraits import portraits_of
from privbench.attacks.undoing.regression import _PENALTIES, VIEWS, Regression, _kernel, _ridge, fit_regression
from privbench.attacks.undoing.undo import OwnPairs

SIDE = 12


def images_of(count: int, seed: int) -> np.ndarray:
    """Images of twelve components that are the same for all seeds. Shape: (count, 1, 12, 12), uint8."""
    patterns = np.random.default_rng(7).normal(size=(12, SIDE * SIDE))
    drawn = np.random.default_rng(seed).normal(size=(count, 12)) * np.linspace(36, 12, 12)
    return (120 + drawn @ patterns / 2).clip(0, 255).round().astype(np.uint8).reshape(count, 1, SIDE, SIDE)


def error(undone: np.ndarray | torch.Tensor, originals: np.ndarray) -> float:
    """Root mean square, of the originals' own spread."""
    return float(np.sqrt(np.square(np.asarray(undone, float) - originals).mean()) / originals.std())


def undo(view: str, release):
    """The regression's error on images that it was not fitted to, and left out one by one on those that it was."""
    train, test = images_of(400, 0), images_of(100, 1)
    portraits = portraits_of(torch.from_numpy(train).flatten(1).float() / 255, 40)
    examples = OwnPairs(release(train), train, portraits)
    fitted = fit_regression(view, examples, np.random.default_rng(0))
    return error(fitted(torch.from_numpy(release(test))), test), error(fitted.of_examples(examples), train)


def mixed(images):
    matrix = np.linalg.qr(np.random.default_rng(3).normal(size=(SIDE * SIDE, SIDE * SIDE)))[0]
    return (
        (127 + (images.reshape(len(images), -1) - 120.0) @ matrix)
        .clip(0, 255)
        .round()
        .astype(np.uint8)
        .reshape(images.shape)
    )


def covered(images):
    covers = np.random.default_rng(len(images)).permutation(images_of(len(images), 99))
    return (0.3 * images + 0.7 * covers[:, :, ::-1]).round().astype(np.uint8)


def keyed(images):
    return images + np.random.default_rng(4).integers(0, 256, images.shape[1:]).astype(np.uint8)


def in_low_bits(images):
    return (np.random.default_rng(len(images)).integers(0, 256, images.shape) & 0xF0 | images >> 4).astype(np.uint8)


@pytest.mark.parametrize(
    ("view", "release", "most"), [("grey", mixed, 0.15), ("waves", keyed, 0.4), ("low bits", in_low_bits, 0.4)]
)
def test_it_inverts_what_is_done_to_all_images_alike(view, release, most):
    unseen, left_out = undo(view, release)
    assert unseen < most
    assert left_out == pytest.approx(unseen, abs=0.2), "what was fitted is no better known than what was not"


@pytest.mark.parametrize(("view", "release"), [("waves", keyed), ("low bits", in_low_bits)])
def test_each_view_sees_what_grey_values_do_not(view, release):
    assert undo(view, release)[0] < 0.9 * undo("grey", release)[0]


def test_it_thins_out_covers():
    assert undo("grey", covered)[0] < 0.6


def test_of_noise_nothing_is_learnt():
    def noise(images):
        return np.random.default_rng(len(images)).integers(0, 256, images.shape).astype(np.uint8)

    unseen, left_out = undo("grey", noise)
    assert unseen > 0.9
    assert left_out > 0.9, "fitted images were memorized"


def test_a_constant_release_gives_the_mean():
    assert undo("grey", lambda images: np.full_like(images, 128))[0] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("columns", [5, 80])
def test_residuals_are_those_of_fits_without_each_row(columns):
    """Of more features than rows, too, where the intercept is what a row's own place would tell of it."""
    rng = np.random.default_rng(0)
    features, wanted = rng.normal(size=(30, columns)) + 3, rng.normal(size=(30, 2)) - 2
    wanted += features[:, :2]
    scale = np.square(features - features.mean(0)).sum(1).mean()

    def left_out(penalty):
        residuals = []
        for row in range(30):
            rest = np.arange(30) != row
            middle, level = features[rest].mean(0), wanted[rest].mean(0)
            seen = features[rest] - middle
            slopes = np.linalg.solve(seen.T @ seen + penalty * np.eye(columns), seen.T @ (wanted[rest] - level))
            residuals.append(wanted[row] - level - (features[row] - middle) @ slopes)
        return np.array(residuals)

    all_residuals = [left_out(penalty * scale) for penalty in _PENALTIES]
    best = min(all_residuals, key=lambda residuals: np.square(residuals).mean())
    _, residuals = _ridge(torch.from_numpy(features @ features.T).float(), torch.from_numpy(wanted).float())
    assert np.allclose(residuals, best, atol=1e-3)


def test_of_noise_nothing_is_learnt_by_heart_where_pixels_outnumber_images():
    """What was fitted is undone as what was not, and what it was undone to tells nothing of its own original."""
    rng = np.random.default_rng(1)
    originals, released = images_of(80, 0), rng.integers(0, 256, (80, 1, SIDE, SIDE), dtype=np.uint8)
    portraits = portraits_of(torch.from_numpy(originals).flatten(1).float() / 255, 40)
    fitted = fit_regression("grey", OwnPairs(released, originals, portraits), np.random.default_rng(0))
    undone = fitted.images(released).flatten(1).double()
    true = torch.from_numpy(originals).flatten(1).double()
    likeness = torch.corrcoef(torch.cat([undone, true]) - true.mean(0))[:80, 80:]
    assert (likeness.argmax(1) == torch.arange(80)).float().mean() < 0.1
    again = Regression(**fitted.state())
    assert torch.equal(again.images(released), fitted.images(released)), "and so it does when it comes back"


@pytest.mark.parametrize("view", VIEWS)
def test_the_kernel_is_the_mean_product_of_what_is_seen(view):
    one, other = (torch.from_numpy(images_of(count, count)).flatten(1) for count in (5, 7))
    seen = [VIEWS[view][images.long()].flatten(1) for images in (one, other)]
    assert torch.allclose(_kernel(VIEWS[view], one, other), seen[0] @ seen[1].T / one.shape[1], rtol=1e-5)


def test_of_large_images_it_sees_some_pixels_and_undoes_all(monkeypatch):
    """A sample of the pixels tells nearly as much: a mean over pixels is what the kernel is."""
    whole = undo("waves", keyed)
    monkeypatch.setattr(regression, "_PIXELS", SIDE * SIDE // 2)
    assert undo("waves", keyed) == pytest.approx(whole, abs=0.05)
    originals = images_of(60, 0)
    portraits = portraits_of(torch.from_numpy(originals).flatten(1).float() / 255, 20)
    fitted = fit_regression("grey", OwnPairs(mixed(originals), originals, portraits), np.random.default_rng(0))
    assert fitted.support.shape == (60, SIDE * SIDE // 2)
    assert torch.equal(fitted.pixels, fitted.pixels.unique()), "each once, in order"
    assert fitted.images(mixed(originals)).shape == originals.shape
    again = Regression(**fitted.state())
    assert torch.equal(again.images(mixed(originals)), fitted.images(mixed(originals)))
