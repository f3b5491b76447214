"""Whom an attacker on members knows, and by whom he is judged."""

import numpy as np
import pytest

from privbench.running.halves import MOST, rows_that_are_known, rows_to_judge


def test_every_second_patient_is_known_with_all_his_images_and_the_others_judge():
    patients = np.array([2, 0, 1, 1, 3, 0])
    assert rows_that_are_known(patients).tolist() == [0, 1, 5]
    assert [rows_to_judge(patients, split).tolist() for split in ("train", "val")] == [[2, 3, 4]] * 2
    assert rows_to_judge(patients, "test").tolist() == list(range(6)), "nobody of them is known"


def test_a_patient_alone_is_known_and_judges_nothing():
    assert rows_that_are_known(np.zeros(3, np.int64)).tolist() == [0, 1, 2]
    assert rows_to_judge(np.zeros(3, np.int64), "val").size == 0


@pytest.mark.parametrize(("split", "step"), [("test", 1), ("train", 2)])
def test_many_patients_are_thinned_evenly(split, step):
    patients = np.arange(4 * MOST).repeat(2)
    chosen = patients[rows_to_judge(patients, split)]
    assert len(np.unique(chosen)) == MOST
    assert (np.bincount(chosen)[np.unique(chosen)] == 2).all(), "with all of their images"
    assert np.diff(np.unique(chosen)).max() <= 4 + step
