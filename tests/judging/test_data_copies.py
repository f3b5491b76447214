"""Copies are told by whose they are, and which of them may stay."""

import numpy as np
import pytest

from privbench.data.likeness import Likeness
from privbench.judging.data_copies import found_copies
from privbench.metrics.near_copies import signatures

NAMES = [f"{row}.png" for row in range(8)]


def found(images, patients):
    likeness = Likeness()
    likeness.add(images, NAMES)
    told = found_copies(likeness, NAMES, signatures(images), dict(zip(NAMES, patients, strict=True)))
    return {one.finding.kind: (one.finding.weight, one.finding.images, list(one.groups)) for one in told}


@pytest.fixture
def images(rng):
    return rng.integers(0, 200, (8, 1, 40, 40)).astype(np.uint8)


def test_different_images_are_nothing(images):
    assert found(images, "AABBCCDD") == {}


def test_of_two_patients_both_images_are_told(images):
    """Nobody knows whose it is."""
    images[5], images[6] = images[0], images[1] + 20
    assert found(images, "AABBCCDD") == {
        "copy, two patients": ("mend", ("0.png", "5.png"), [("0.png", "5.png")]),
        "near copy, two patients": ("mend", ("1.png", "6.png"), [("1.png", "6.png")]),
    }


def test_of_one_patient_the_first_may_stay(images):
    images[1], images[5] = images[0], images[4] + 20
    assert found(images, "AABBCCDD") == {
        "copy": ("mend", ("1.png",), [("0.png", "1.png")]),
        "near copy": ("look", ("5.png",), [("4.png", "5.png")]),
    }


def test_a_near_copy_of_copies_is_told_once(images):
    images[1], images[2] = images[0], images[0] + 20
    told = found(images, "AABBCCDD")
    assert told["copy"][1] == ("1.png",)
    assert told["near copy, two patients"][1] == ("0.png", "2.png")


def test_blank_images_are_no_copies(images):
    images[2:4] = 0
    assert found(images, "AABBCCDD") == {"blank": ("mend", ("2.png", "3.png"), [("2.png",), ("3.png",)])}
