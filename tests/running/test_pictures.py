"""Which released files are one picture, and which pairs of them say something."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.data.gallery import Gallery
from privbench.data.pairs import Pairs
from privbench.running.pictures import pairs_of_two_pictures, pictures_of


def released(greys, further=None):
    images, *more = (
        np.array(one, np.uint8)[:, None, None, None] * np.ones((1, 2, 2), np.uint8)
        for one in (greys, *([further] if further else []))
    )
    return Gallery(images, images, tuple(more))


@pytest.mark.parametrize(
    ("gallery", "who", "pictures"),
    [
        (released([5, 6, 5, 7]), [1, 1, 1, 1], [0, 1, 0, 3]),
        (released([5, 6, 5, 7]), [1, 1, 0, 1], [0, 1, 2, 3]),
        (released([5, 5, 5, 5]), [1, 1, 1, 1], [0, 1, 2, 3]),
        (released([5, 6, 5, 7], [1, 1, 2, 1]), [1, 1, 1, 1], [0, 1, 2, 3]),
    ],
)
def test_a_picture_is_known_by_its_pixels_in_all_releases(gallery, who, pictures):
    assert pictures_of(gallery, np.array(who, bool)).tolist() == pictures


def pairs_of(*lines):
    probe, reference, mated = zip(*lines, strict=True)
    return Pairs(np.array(probe), np.array(reference), np.array(mated, bool))


def test_pairs_of_one_picture_and_of_two_that_show_one_patient_are_no_strangers():
    patients = np.array([0, 0, 1, 1, 2, 2])
    pictures = np.array([0, 1, 0, 3, 1, 5])  # shows 0 and 1; 0 and 2; 1; 2
    pairs = pairs_of((0, 1, 1), (2, 3, 1), (4, 5, 1), (0, 2, 0), (2, 4, 0), (3, 0, 0), (3, 4, 0), (3, 5, 0))
    kept = pairs_of_two_pictures(pairs, pictures, patients)
    assert list(zip(kept.probe.tolist(), kept.reference.tolist(), kept.mated.tolist(), strict=True)) == [
        (0, 1, True), (2, 3, True), (4, 5, True), (3, 4, False), (3, 5, False),
    ]  # fmt: skip


def test_where_pictures_are_so_few_that_none_are_strangers_all_pairs_stay():
    pairs = pairs_of((0, 1, 1), (2, 3, 1), (0, 2, 0))
    assert pairs_of_two_pictures(pairs, np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])) is pairs


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=3, max_size=12), st.randoms())
def test_what_is_left_is_what_a_look_at_both_files_tells(rows, draw):
    patients, pictures = (np.array(one) for one in zip(*rows, strict=True))
    chosen = [draw.sample(range(len(rows)), 2) for _ in range(20)]
    pairs = pairs_of(*((one, other, patients[one] == patients[other]) for one, other in chosen))
    kept = pairs_of_two_pictures(pairs, pictures, patients)
    shown = [set(patients[pictures == one]) for one in pictures]
    right = [
        pictures[one] != pictures[other] and (patients[one] == patients[other] or not shown[one] & shown[other])
        for one, other in chosen
    ]
    mated = pairs.mated[right]
    if mated.any() and not mated.all():
        assert np.array_equal(kept.probe, pairs.probe[right])
    else:
        assert len(kept) == len(pairs)
