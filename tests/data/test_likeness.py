"""Copies and blank images are told where they are few, and refused where they are many."""

import numpy as np
import pytest

from privbench.base.errors import PrivbenchError
from privbench.data.likeness import Likeness


def found(images, chunk=7):
    likeness = Likeness()
    for first in range(0, len(images), chunk):
        part = images[first : first + chunk]
        likeness.add(part, [f"{row}.png" for row in range(first, first + len(part))])
    return likeness.judge()


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (200, 1, 4, 4)).astype(np.uint8)


def test_different_images_are_nothing_to_tell(images):
    assert found(images) == []


def test_a_few_copies_are_told_with_their_originals(images):
    images[150], images[199] = images[3], images[3]
    [notice] = found(images)
    assert notice.text == "2 of 200 images are copies of others, to the pixel"
    assert notice.names == ("3.png = 150.png", "3.png = 199.png")


def test_many_copies_are_refused(images):
    """A copy beside its original makes a mated pair that every attack finds."""
    images[100:103] = images[:3]
    with pytest.raises(
        PrivbenchError, match=r"3 of 200 images are copies .* 0\.png = 100\.png.*: list each radiograph"
    ):
        found(images)


def test_blank_images_are_no_copies_of_one_another(images):
    images[5:7] = 0
    [notice] = found(images)
    assert (notice.text, notice.names) == ("2 of 200 images are blank, of one grey value", ("5.png", "6.png"))
    images[9] = 255
    with pytest.raises(
        PrivbenchError, match=r"3 of 200 images are blank.*, such as 5\.png, 6\.png, 9\.png: remove them"
    ):
        found(images)


def test_at_most_twenty_are_named(rng):
    images = rng.integers(0, 256, (3000, 1, 4, 4)).astype(np.uint8)
    images[:30] = 7
    [notice] = found(images, 1000)
    assert len(notice.names) == 20
