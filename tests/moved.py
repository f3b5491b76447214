"""Images that look the same from no other side, and what may be done to each in its own way."""

from __future__ import annotations

import numpy as np

SIDE = 32


def images_of(count: int, seed: int) -> np.ndarray:
    """A bright picture that looks the same from no other side, varied smoothly. Shape: (count, 1, 32, 32), uint8."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    blob = np.exp(-((rows - 0.3) ** 2 + (columns - 0.35) ** 2) / 0.02) + 0.6 * (rows > 0.7) * columns
    slopes = np.stack([rows, columns, rows * columns, np.sin(6 * rows), np.cos(5 * columns)])
    drawn = np.random.default_rng(seed).normal(size=(count, 5)) * 0.08
    return ((0.15 + 0.6 * blob + np.tensordot(drawn, slopes, 1)).clip(0, 1) * 255).astype(np.uint8)[:, None]


def each(images, change, seed=5):
    rng = np.random.default_rng(seed)
    return np.stack([change(image[0], rng) for image in images])[:, None].astype(np.uint8)


def turned(image, rng):
    image = np.rot90(image if rng.random() < 0.5 else 255 - image, rng.integers(4))
    return image if rng.random() < 0.5 else image[:, ::-1]


def shifted(image, rng):
    return np.roll(image, rng.integers(SIDE, size=2), (0, 1))


def toned(image, rng):
    curved = 255 * (image / 255) ** rng.uniform(0.4, 2.5)
    return np.round(curved if rng.random() < 0.5 else 255 - curved)


def reordered(rows, columns):
    def change(image, rng):
        parts = [part for band in np.split(image, rows) for part in np.split(band, columns, 1)]
        order = rng.permutation(len(parts))
        bands = [
            np.concatenate([parts[n] for n in order[at : at + columns]], 1) for at in range(0, len(parts), columns)
        ]
        return np.concatenate(bands)

    return change


def wrapped(image, rng):
    return (image + rng.integers(256)) % 256
