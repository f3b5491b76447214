"""What was saved again is found, and different radiographs are not."""

import io

import numpy as np
import pytest
from PIL import Image

from privbench.metrics.near_copies import NEAR, nearest_earlier, signatures


@pytest.fixture(scope="module")
def radiographs(real_data):
    """A hundred patients, as images."""
    files = sorted((real_data / "chestxray14-256" / "images").iterdir())[::5]
    return [Image.open(file).convert("L") for file in files]


def as_array(images, side=128):
    return np.stack([np.asarray(one.resize((side, side), Image.Resampling.BILINEAR)) for one in images])[:, None]


def compressed(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    return Image.open(file).convert("L")


CHANGES = {
    "compressed": compressed,
    "brighter": lambda image: image.point(lambda grey: 255 * (grey / 255) ** 0.7),
    "inverted": lambda image: image.point(lambda grey: 255 - grey),
    "smaller": lambda image: image.resize((120, 120), Image.Resampling.BICUBIC),
    "noisy": lambda image: Image.fromarray(
        (np.asarray(image) + np.random.default_rng(0).normal(0, 3, (256, 256))).clip(0, 255).astype(np.uint8)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_saved_again_is_near(radiographs, change):
    both = np.concatenate([as_array(radiographs), as_array(map(CHANGES[change], radiographs))])
    rows, alike = nearest_earlier(signatures(both))
    count = len(radiographs)
    assert (rows[:count] == -1).all(), "no two patients are near"
    assert (rows[count:] == np.arange(count)).mean() >= 0.98
    assert alike[count:][rows[count:] >= 0].min() >= NEAR


def test_no_two_of_a_thousand_radiographs_are_near(real_data):
    """Among them 66 of one patient."""
    files = sorted((real_data / "chestxray14-mini" / "images").iterdir())
    images = np.stack([np.asarray(Image.open(file).convert("L")) for file in files])[:, None]
    assert (nearest_earlier(signatures(images))[0] == -1).all()


def test_vectors_are_of_length_one_and_blind_to_rising_grey_curves(rng):
    images = rng.integers(0, 120, (5, 1, 32, 32)).astype(np.uint8)
    images[4] = 9
    vectors = signatures(images)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 1, 0], abs=1e-6)
    assert signatures(images * 2 + 5)[:4] == pytest.approx(vectors[:4], abs=1e-6), "ranks alone count"
    assert signatures(255 - images)[:4] == pytest.approx(-vectors[:4], abs=1e-6)


@pytest.mark.parametrize("side", [16, 31, 32, 33, 100])
def test_every_side_has_its_vectors(rng, side):
    images = rng.integers(0, 256, (3, 1, side, side)).astype(np.uint8)
    vectors = signatures(np.concatenate([images, images[:1]]))
    assert vectors.shape == (4, 196)
    assert nearest_earlier(vectors)[0].tolist() == [-1, -1, -1, 0]


def test_the_nearest_is_that_of_a_table_of_all_pairs(rng, monkeypatch):
    vectors = rng.normal(size=(50, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = np.tril(np.abs(vectors @ vectors.T), -1)
    expected = np.where(alike.max(1) >= 0.9, alike.argmax(1), -1)
    for block in (3, 7, 50, 64):
        monkeypatch.setattr("privbench.metrics.near_copies._BLOCK", block)
        rows, much = nearest_earlier(vectors, 0.9)
        assert rows.tolist() == expected.tolist()
        assert much == pytest.approx(np.where(expected >= 0, alike.max(1), 0), abs=1e-6)
