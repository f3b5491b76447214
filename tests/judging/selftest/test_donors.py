"""Nobody is lent an image of his own."""

import numpy as np
import pytest
import torch
from pictures import pictures, training

from privbench.base.errors import PrivbenchError
from privbench.data.patients import first_rows
from privbench.judging.contract.promises import through_a_file
from privbench.judging.selftest.donors import Donors

PATIENTS = [2, 0, 2, 1, 0, 1]


@pytest.fixture
def images():
    return pictures(16, len(PATIENTS))


@pytest.fixture
def donors(images):
    return Donors.of(training(images, PATIENTS), np.array([0, 1, 3]))


def test_training_images_of_no_donor_know_their_patient_too(images, donors):
    for image, patient in zip(images, PATIENTS, strict=True):
        assert donors.others(image).tolist() == [one != patient for one in (2, 0, 1)]


def test_a_stranger_may_be_lent_any_image(images, donors, generator):
    stranger = pictures(16, 1, seed=9)[0]
    assert donors.others(stranger).all()
    lent = {donors.drawn_for(stranger, generator).numpy().tobytes() for _ in range(50)}
    assert lent == {images[row].numpy().tobytes() for row in (0, 1, 3)}


def test_what_is_lent_is_drawn_among_those_named(images, donors, generator):
    among = torch.tensor([False, True, False])
    assert torch.equal(donors.drawn(among, generator), images[1])


def test_donors_come_back_from_a_state_with_other_things_beside(images, donors):
    twin = Donors.from_state(through_a_file(donors.state() | {"other": torch.zeros(3)}))
    for image in images:
        assert torch.equal(twin.others(image), donors.others(image))


def test_one_patient_alone_has_no_donor(images):
    with pytest.raises(PrivbenchError, match="of one patient"):
        Donors.of(training(images, [3] * len(images)), np.arange(len(images)))


def test_each_patient_counts_once():
    assert first_rows(np.array([5, 5, 0, 2, 0])).tolist() == [2, 3, 0]
