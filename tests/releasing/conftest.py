"""Folders of pictures, and methods to apply to them."""

import numpy as np
import pytest
from PIL import Image

from privbench.base.progress import Progress
from privbench.releasing.method import named_method
from privbench.releasing.release import ReleaseOrder, make_release


@pytest.fixture
def pictures(tmp_path):
    """Twenty PNG files in two folders: 8 bits, and every fifth of 16 of which 12 are used; no two of one shape."""
    folder = tmp_path / "patients"
    for number in range(20):
        path = folder / f"DOE^JANE-{number % 2}" / f"MRN{number:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw = np.random.default_rng(number)
        deep = number % 5 == 0
        pixels = draw.integers(0, 4096 if deep else 256, (40 + number, 60 - number), np.uint16 if deep else np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


@pytest.fixture
def identity():
    return named_method("identity", {}, (), 32, "squeeze", False)


@pytest.fixture
def order(pictures, identity, tmp_path):
    """The release of the pictures, made in this process."""
    return ReleaseOrder(pictures, tmp_path / "out", identity, tmp_path / "key", tmp_path / "map.csv", False, "cpu", 1)


@pytest.fixture
def make():
    return lambda order: make_release(order, Progress(quiet=True))
