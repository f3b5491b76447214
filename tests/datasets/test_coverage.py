"""Shares of cells against closed forms, properties and counted pixels."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from privbench.data.splits import CELLS
from privbench.datasets.coverage import covered_shares

MANY = settings(derandomize=True, deadline=None, database=None)
EDGE = st.floats(-0.5, 1.5)
BOXES = st.lists(st.tuples(EDGE, EDGE, st.floats(0, 1), st.floats(0, 1)), max_size=5).map(
    lambda rows: np.array([(x, y, x + w, y + h) for x, y, w, h in rows]).reshape(-1, 4)
)


def shares(*boxes):
    return covered_shares(np.array(boxes, float).reshape(-1, 4))


def test_a_box_of_two_cells_covers_these_two():
    expected = np.zeros((CELLS, CELLS))
    expected[3, 2:4] = 1
    assert np.array_equal(shares((2 / 8, 3 / 8, 4 / 8, 4 / 8)), expected), "columns are x, rows are y"


def test_parts_of_cells_are_products_of_parts_of_their_sides():
    found = shares((0.5 / 8, 0.25 / 8, 2.25 / 8, 1.5 / 8))
    expected = np.zeros((CELLS, CELLS))
    expected[:2, :3] = np.outer([0.75, 0.5], [0.5, 1, 0.25])
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_what_several_boxes_cover_counts_once():
    whole = (0, 0, 1, 1)
    assert np.array_equal(shares(whole, whole, (0.2, 0.3, 0.4, 0.5)), np.ones((CELLS, CELLS)))
    halves = shares((0, 0, 0.6 / 8, 1 / 8), (0.4 / 8, 0, 0.8 / 8, 1 / 8))
    assert halves[0, 0] == pytest.approx(0.8)


def test_no_box_covers_nothing_and_one_outside_neither():
    assert not shares().any()
    assert not shares((1.1, 0, 1.4, 1), (-2, -2, -1, 3), (0.5, 0.5, 0.5, 0.9)).any()


@MANY
@given(BOXES)
@example(np.array([[0, 0, np.nextafter(1, 0), np.nextafter(1, 0)]]))
@example(np.array([[np.nextafter(1, 0), np.nextafter(1, 0), 1, 1]]))
def test_shares_are_shares_and_their_sum_is_the_area(boxes):
    found = covered_shares(boxes)
    assert (found >= 0).all()
    assert (found <= 1 + 1e-12).all()
    for box in boxes:
        left, top, right, bottom = box.clip(0, 1)
        assert covered_shares(box[None]).sum() / CELLS**2 == pytest.approx((right - left) * (bottom - top), abs=1e-12)
        assert (covered_shares(box[None]) <= found + 1e-12).all(), "more boxes cover no less"


@MANY
@given(BOXES.map(lambda boxes: np.rint(boxes * 64) / 64))
def test_the_same_as_counted_pixels(boxes):
    """Boxes whose edges lie between pixels of a square of 64."""
    pixels = np.zeros((64, 64))
    for left, top, right, bottom in (boxes * 64).astype(int).clip(0, 64):
        pixels[top:bottom, left:right] = 1
    np.testing.assert_allclose(covered_shares(boxes), pixels.reshape(8, 8, 8, 8).mean((1, 3)), atol=1e-12)


@MANY
@given(BOXES)
def test_a_mirrored_square_has_mirrored_shares(boxes):
    mirrored = np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], 1)
    np.testing.assert_allclose(covered_shares(mirrored), covered_shares(boxes)[:, ::-1], atol=1e-9)
