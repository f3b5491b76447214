"""A copy is found whatever small thing was done to it, and told from another visit of the same patient."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from privbench.datasets.phantom import generate
from privbench.evaluate.copies import threshold
from privbench.metrics import copies
from privbench.metrics.copies import describe, nearest

CPU = torch.device("cpu")


def phantoms(seed, patients=40, size=64):
    drawn = generate(patients=patients, size=size, seed=seed, workers=1)
    return drawn.images, drawn.table["patient"].to_numpy()


@pytest.fixture(scope="module")
def originals():
    return phantoms(3)[0]


@pytest.fixture(scope="module")
def limit(originals):
    """From when on an image is a copy, by the originals alone."""
    described = describe(originals, CPU)
    return threshold(nearest(described, described, visits=np.arange(len(originals))).likeness).copies


def levels(values):
    return values.round().clip(0, 255).astype(np.uint8)


def resized(images, box):
    """The part of each image from and up to those rows and columns, as large as the whole."""
    size = images.shape[-1]
    whole = [Image.fromarray(image[0]).resize((size, size), Image.Resampling.BILINEAR, box=box) for image in images]
    return np.stack([np.asarray(one) for one in whole])[:, None]


def compressed(image):
    file = io.BytesIO()
    Image.fromarray(image[0]).save(file, "JPEG", quality=40)
    return np.asarray(Image.open(file))[None]


def curved(images, gamma):
    return levels(255 * (images / 255) ** gamma)


def noisy(images, sigma=6):
    return levels(images + np.random.default_rng(0).normal(0, sigma, images.shape))


CHANGES = {
    "nothing": lambda images: images,
    "left to right": lambda images: images[..., ::-1],
    "upside down": lambda images: images[..., ::-1, :],
    "a half turn": lambda images: images[..., ::-1, ::-1],
    "a quarter turn": lambda images: np.rot90(images, axes=(2, 3)),
    "transposed": lambda images: images.swapaxes(2, 3),
    "inverted": lambda images: 255 - images,
    "darker": lambda images: curved(images, 2.5),
    "brighter": lambda images: curved(images, 0.4),
    "less contrast": lambda images: levels(90 + images / 4),
    "noise": noisy,
    "JPEG": lambda images: np.stack([compressed(image) for image in images]),
    "blurred": lambda images: levels(ndimage.gaussian_filter(images.astype(float), (0, 0, 0.8, 0.8))),
    "cropped by 2 px": lambda images: resized(images, (2, 2, 62, 62)),
    "cropped at a corner": lambda images: resized(images, (0, 0, 62, 62)),
    "all at once": lambda images: noisy(255 - curved(resized(images[..., ::-1], (1, 1, 63, 63)), 1.5), 4),
}

CROPPED = ("cropped by 2 px", "cropped at a corner", "all at once")


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(originals, limit, change):
    found = nearest(describe(CHANGES[change](originals), CPU), describe(originals, CPU))
    share = np.mean((found.rows == np.arange(len(originals))) & (found.likeness >= limit))
    assert share >= (0.88 if change in CROPPED else 0.99)


@pytest.mark.parametrize("seed", [4, 5])
def test_other_visits_and_strangers_are_no_copies(limit, seed):
    """The threshold of some patients holds for others."""
    images, patients = phantoms(seed)
    described = describe(images, CPU)
    others = nearest(described, described, visits=np.arange(len(images)))
    same = patients[others.rows] == patients
    assert same.mean() > 0.3, "the same patient is what looks most alike"
    assert np.mean(others.likeness >= limit) <= 0.01
    assert others.likeness[~same].max() < limit, "and nobody else is taken for him"


def test_a_mean_of_patients_is_nobodys_copy(originals, limit, rng):
    means = np.stack([levels(originals[rng.choice(len(originals), 8)].mean(0)) for _ in range(40)])
    assert nearest(describe(means, CPU), describe(originals, CPU)).likeness.max() < limit


@pytest.mark.parametrize("size", [32, 60, 100])
def test_other_sizes_do_as_well(size):
    images = phantoms(3, 20, size)[0]
    described = describe(images, CPU)
    limit = threshold(nearest(described, described, visits=np.arange(len(images))).likeness).copies
    changed = noisy(255 - curved(images[..., ::-1], 1.5), 3)
    found = nearest(describe(changed, CPU), described)
    assert np.array_equal(found.rows, np.arange(len(images)))
    assert np.mean(found.likeness >= limit) >= 0.98


def test_what_is_blank_is_nobodys_copy_and_nobody_is_its(originals):
    blank = np.full((3, 1, 64, 64), 128, np.uint8)
    pool = describe(np.concatenate([blank, originals[:5]]), CPU)
    found = nearest(describe(np.concatenate([blank[:1], originals[:1]]), CPU), pool, own=np.array([0, 3]))
    assert (found.rows.tolist(), found.likeness[0]) == ([-1, 3], 0)
    assert found.likeness[1] == pytest.approx(1, abs=1e-3)
    nothing = nearest(describe(originals[:1], CPU), describe(blank, CPU))
    assert (nothing.rows.tolist(), nothing.likeness.tolist()) == ([-1], [0])


def test_of_an_image_that_stands_twice_ones_own_is_taken(originals):
    pool = np.concatenate([originals[:6], originals[:6]])
    for own in (np.arange(6), np.arange(6, 12)):
        found = nearest(describe(originals[:6], CPU), describe(pool, CPU), own=own)
        assert np.array_equal(found.rows, own)


def test_what_is_left_out_is_never_found(originals):
    described = describe(originals[:3], CPU)
    found = nearest(described, described, visits=np.arange(3))
    assert (found.rows != np.arange(3)).all()
    alone = nearest(describe(originals[:1], CPU), describe(originals[:1], CPU), visits=np.zeros(1, int))
    assert (alone.rows.tolist(), alone.likeness.tolist()) == ([-1], [0])


def test_pictures_of_one_visit_are_not_compared(originals):
    """However alike they are, and however many."""
    images = np.concatenate([originals[:1], originals[:1], noisy(originals[:1], 2), originals[1:4]])
    described = describe(images, CPU)
    found = nearest(described, described, visits=np.array([7, 7, 7, 8, 9, 10]))
    assert (found.rows[:3] >= 3).all()
    assert (nearest(described, described, visits=np.arange(6)).rows[:3] < 3).all()


def test_the_coarse_search_sees_all_eight_positions_of_a_square(originals):
    """In one product for each group of frequencies what takes a product for each position."""
    images, pool = originals[:6], describe(originals[6:30], CPU)
    turned = [np.rot90(one, turns, (2, 3)) for one in (images, images[..., ::-1]) for turns in range(4)]
    by_hand = [describe(one, CPU).waves.flatten(1) @ pool.waves.flatten(1).T for one in turned]
    waves = describe(images, CPU).waves
    found = torch.maximum(copies._alike(waves, pool.waves), copies._alike(copies._transposed(waves), pool.waves))
    assert torch.allclose(found, torch.stack(by_hand).abs().amax(0), atol=1e-3)


def test_the_search_is_the_same_in_pieces_of_any_size(originals, monkeypatch):
    described = describe(originals, CPU)
    every = np.arange(len(originals))
    whole = nearest(described, described, visits=every)
    monkeypatch.setattr(copies, "_BLOCK", 7)
    monkeypatch.setattr(copies, "_BATCH", 11)
    pieces = nearest(describe(originals, CPU), described, visits=every)
    assert np.array_equal(whole.rows, pieces.rows)
    assert np.allclose(whole.likeness, pieces.likeness, atol=1e-4)


@pytest.mark.parametrize("size", [64, 128])
def test_real_radiographs(real_data, size):
    """Copies of radiographs are told from later ones of the same patient."""
    files = sorted((real_data / "chestxray14-mini" / "images").iterdir())[:300]
    images = np.stack([np.asarray(Image.open(file).convert("L").resize((size, size))) for file in files])[:, None]
    described = describe(images, CPU)
    limit = threshold(nearest(described, described, visits=np.arange(len(images))).likeness).copies
    changed = noisy(255 - curved(images[..., ::-1], 1.5), 4)
    found = nearest(describe(changed, CPU), described)
    assert np.mean(found.rows == np.arange(len(images))) == 1
    assert np.mean(found.likeness >= limit) >= 0.99
