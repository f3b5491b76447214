"""Marks that are found are painted over with what is around them, and nothing else is touched."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from privbench.metrics.bright_marks import Box, bright_marks
from privbench.releasing.marks import boxes_of, painted


def written(image, text, place, grey=255, size=14):
    image = image.copy()
    ImageDraw.Draw(image).text(place, text, fill=grey, font=ImageFont.load_default(size=size))
    return np.asarray(image)


def inside(boxes, shape):
    covered = np.zeros(shape, bool)
    for box in boxes:
        covered[box.top : box.bottom, box.left : box.right] = True
    return covered


@pytest.mark.parametrize("largest", [255, 4095, 65535])
@pytest.mark.parametrize("shape", [(256, 256), (300, 256), (256, 400)])
def test_letters_on_grey_vanish(largest, shape):
    blank = Image.new("L", shape[::-1], 90)
    grey = written(blank, "AP 12:31", (20, 20)).astype(np.uint16) * (largest // 255)
    boxes = boxes_of(grey, largest)
    assert len(boxes) >= 6
    clean = painted(grey, boxes)
    assert (clean == 90 * (largest // 255)).all()
    assert clean.dtype == grey.dtype
    assert boxes_of(clean, largest) == ()


def test_without_marks_nothing_changes():
    grey = np.full((256, 256), 90, np.uint8)
    assert boxes_of(grey, 255) == ()
    assert np.array_equal(painted(grey, ()), grey)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.data())
def test_only_what_lies_in_boxes_changes_and_nothing_of_it_stays(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = data.draw(st.tuples(st.integers(8, 60), st.integers(8, 60)))
    boxes = []
    for _ in range(data.draw(st.integers(1, 4))):
        top, left = data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1))
        bottom, right = data.draw(st.integers(top + 1, shape[0])), data.draw(st.integers(left + 1, shape[1]))
        boxes.append(Box(top, left, bottom, right))
    covered = inside(boxes, shape)
    one, other = (rng.integers(0, 4096, shape).astype(np.uint16) for _ in range(2))
    other = np.where(covered, other, one)  # the same around the boxes, and another picture below them
    clean = painted(one, tuple(boxes))
    assert np.array_equal(clean[~covered], one[~covered])
    assert np.array_equal(clean, painted(other, tuple(boxes)))


def test_what_is_painted_is_the_median_of_what_is_around():
    """By hand: a box of 2 x 2 in a picture of 100 x 100 has a ring of three pixels."""
    pixels = np.full((100, 100), 7, np.uint8)
    pixels[50:52, 50:52] = 255
    pixels[47:55, 47:49] = 9
    around = np.delete(pixels[47:55, 47:55].ravel(), [27, 28, 35, 36])
    clean = painted(pixels, (Box(50, 50, 52, 52),))
    assert (clean[50:52, 50:52] == np.median(around)).all()
    assert (painted(pixels, (Box(0, 0, 100, 100),)) == 0).all(), "nothing is around it"


def test_a_name_in_the_corner_of_real_radiographs_is_mostly_painted_and_one_in_the_middle_is_not(real_data):
    """What docs/releases.md tells of it, on twelve radiographs of 1024 pixels."""
    files = sorted((real_data / "chestxray14-1024" / "images").iterdir())[:12]
    shares = {}
    for place in ((60, 60), (400, 500)):
        found = []
        for file in files:
            image = Image.open(file).convert("L")
            before, after = np.asarray(image), written(image, "DOE^JANE 1953-02-11", place, size=40)
            ink = (after != before) & (after >= 230)
            found.append(inside(boxes_of(after, 255), after.shape)[ink].mean())
        shares[place] = np.mean(found)
    assert shares[60, 60] >= 0.8
    assert shares[400, 500] <= 0.2


def test_boxes_are_of_the_marks_that_are_counted(real_data):
    for file in sorted((real_data / "chestxray14-256" / "images").iterdir())[:20]:
        image = np.asarray(Image.open(file).convert("L"))
        assert len(boxes_of(image, 255)) == bright_marks(image)
