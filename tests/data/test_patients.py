"""Patients are texts, told apart as they are written, or refused where that may be wrong."""

import numpy as np
import pandas as pd
import pytest

from privbench.base.errors import PrivbenchError
from privbench.data.patients import one_a_patient, patient_codes, patient_problems, patient_texts
from privbench.data.problems import raise_problems


def texts(patients, **kind):
    table = pd.DataFrame({"image": [f"{row}.png" for row in range(len(patients))]})
    raise_problems([*patient_problems(table.assign(patient=pd.Series(patients, **kind)))])
    return patient_texts(pd.Series(patients, **kind)).tolist()


def test_texts_stay_as_they_are():
    assert texts(["P-7", "a b", "Ä", "NA"]) == ["P-7", "a b", "Ä", "NA"]


@pytest.mark.parametrize("kind", ["int64", "uint8", "Int64", "object", "str"])
def test_numbers_get_zeros_by_which_texts_sort_as_numbers_do(kind):
    assert texts([9, 10, 9, 100], dtype=kind) == ["009", "010", "009", "100"]


def test_numbers_are_not_cut():
    """Decimals were once cut off, by which many patients became one."""
    assert texts(["12.00003", "12.00004", "12"]) == ["12.00003", "12.00004", "12"]
    assert texts(["9007199254740993", "9007199254740992"]) == ["9007199254740993", "9007199254740992"]


@pytest.mark.parametrize(
    ("patient", "message"),
    [
        (12.0, "neither a text nor a whole number"),
        (12.00003, "Image 1.png is of the patient 12.00003, which is neither a text nor a whole number"),
        (np.nan, "neither a text nor a whole number"),
        (None, "neither a text nor a whole number"),
        (True, "neither a text nor a whole number"),
        (-1, "below 0"),
        ("", "names nobody"),
        ("  ", "names nobody"),
        (" A", "blanks around it"),
        ("A\n", "blanks around it"),
        ("1.23457E+11", "a spreadsheet has cut short"),
        ("1.23457e+11", "a spreadsheet has cut short"),
        ("1,2E+15", "a spreadsheet has cut short"),
    ],
)
def test_what_names_no_patient_is_refused(patient, message):
    with pytest.raises(PrivbenchError, match=message):
        texts(["B", patient, patient], dtype=object)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A1", "a1"),
        ("A 1", "A1"),
        ("12", "12.0"),
        ("7", "007"),
        ("A\u00a01", "A 1"),
        ("１", "1"),
        ("P1", "P001"),
        ("site 3, 12", "Site 03, 012"),
        ("A-0", "A-00"),
    ],
)
def test_two_ways_to_write_what_may_be_one_patient_are_refused(one, other):
    with pytest.raises(PrivbenchError, match="who may be one: write every patient in one way"):
        texts([one, "B", other])


@pytest.mark.parametrize(("one", "other"), [("1.10", "1.1"), ("0", "10"), ("A0", "A"), ("P10", "P1"), ("12e5", "12E6")])
def test_patients_that_are_merely_alike_are_two(one, other):
    assert texts([one, other]) == [one.zfill(max(len(one), len(other))), other] if one == "0" else [one, other]


def test_codes_are_places_among_the_sorted_texts():
    codes = patient_codes(pd.Series(["b", "a", "10", "b", "9"]))
    assert codes.tolist() == [3, 2, 0, 3, 1]
    assert codes.dtype == np.int64


@pytest.mark.parametrize("count", [1, 3, 7, 8, 500])
def test_one_row_a_patient_is_his_first_and_the_patients_are_spread_evenly(count):
    patients = np.array([3, 0, 0, 3, 1, 6, 6, 2, 5, 7, 4, 7, 0])
    rows = one_a_patient(patients, count)
    assert len(rows) == min(count, 8)
    assert all(row == np.flatnonzero(patients == patients[row])[0] for row in rows)
    assert patients[rows].tolist() == np.linspace(0, 7, len(rows)).astype(int).tolist()
