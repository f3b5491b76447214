"""Batches of patients, two images each."""

import numpy as np
import torch

from privbench.learning.embedder import PatientSampler


def test_batches_are_balanced_over_patients():
    patients = np.array([1] * 60 + [2, 2, 3])
    sampler = PatientSampler(patients, np.arange(63), np.random.default_rng(0))
    assert len(sampler) == 3
    for _ in range(20):
        first, second = (rows.numpy() for rows in sampler.draw(3))
        assert sorted(patients[first]) == [1, 2, 3], "sixty images do not make a patient likelier"
        assert (patients[first] == patients[second]).all()
        same_image = first == second
        assert (same_image == (patients[first] == 3)).all(), "an image is paired with itself only where it is alone"


def test_images_of_one_visit_are_a_pair_only_where_there_is_no_other_visit():
    """They are linked at a glance: whoever learns from them learns little of other visits, of which he is asked."""
    patients = np.array([0, 0, 0, 1, 1, 2])
    visits = np.array([0, 0, 1, 2, 2, 3])
    sampler, seen = PatientSampler(patients, visits, np.random.default_rng(0)), set()
    for _ in range(100):
        for pair in zip(*(rows.tolist() for rows in sampler.draw(3)), strict=True):
            seen.add(pair)
    assert seen == {(0, 2), (1, 2), (2, 0), (2, 1), (3, 4), (4, 3), (5, 5)}


def test_where_each_image_is_a_visit_the_draws_are_what_they_were():
    patients, rng = np.repeat(np.arange(30), 4), np.random.default_rng(3)
    first, second = PatientSampler(patients, np.arange(120), rng).draw(20)
    again = np.random.default_rng(3)
    chosen = again.choice(30, 20, replace=False)
    by_hand = np.stack([again.choice(np.flatnonzero(patients == patient), 2, replace=False) for patient in chosen])
    assert np.array_equal(np.stack([first, second], 1), by_hand)


def test_batches_of_an_epoch_are_what_is_drawn_one_after_the_other():
    patients = np.repeat(np.arange(7), 3)
    drawing, batching = (PatientSampler(patients, np.arange(21), np.random.default_rng(4)) for _ in range(2))
    batches = batching.batches(5, 2, torch.device("cpu"))
    for _ in range(5):
        assert torch.equal(next(batches), torch.stack(drawing.draw(5)))
    assert next(PatientSampler(patients, np.arange(21), np.random.default_rng(4)).batches(9, 2, "cpu")).shape == (2, 7)
