"""What people write into tables is read by stated rules, or refused by the image."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.base.errors import PrivbenchError
from privbench.datasets.cells import (
    listed,
    read_ages,
    read_labels,
    read_order,
    read_sexes,
    read_spacings,
    read_splits,
    read_studies,
    read_views,
)


def cells(texts, name="age"):
    return pd.Series(texts, index=[f"{number}.png" for number in range(len(texts))], name=name, dtype=object)


def same(found, expected):
    return np.array_equal(found.to_numpy(float), np.array(expected, float), equal_nan=True)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("58", 58), ("58.5", 58.5), (" 7 ", 7), ("0", 0), ("130", 130), ("058Y", 58), ("007Y", 7), ("058y", 58),
        ("006M", 0.5), ("18 months", 1.5), ("052W", 52 * 7 / 365.25), ("010D", 10 / 365.25), ("58 years", 58),
        ("85+", 85), (">85", 85), (">= 85", 85), ("≥85", 85), ("over 85", 85), ("85 or more", 85), ("90 and older", 90),
        ("085Y+", 85), ("85 or older", 85), ("85 years and over", 85), ("85 or above", 85),
        ("58M", None), ("58F", None), ("58y", None), ("050 Y", None), ("50 and 60", None), ("45 or 46", None),
        ("85 or less", None), ("85 and under", None), ("<85", None), ("58Y3M", None),
        ("", None), (" ", None), ("131", None), ("999Y", None), ("-1", None), ("-58", None), ("fifty", None),
        ("50-60", None), ("nan", None), ("inf", None), ("1e2", None), ("Y", None), ("5 8", None), ("58 apples", None),
    ],
)  # fmt: skip
def test_ages(text, years):
    (age,) = read_ages(cells([text]))
    assert math.isnan(age) if years is None else age == pytest.approx(years)


def test_studies():
    told = ["9001", " a b ", "NA", "N/A", "n/a", "None", "nan", "Unknown", "-", ""]
    assert read_studies(cells(told)).tolist() == ["9001", "a b", *[""] * 8]
    for wrong in ("1.23457E+11", "1,2e+15"):
        with pytest.raises(PrivbenchError, match=r"1\.png has .* for study .* a spreadsheet has cut a number short"):
            read_studies(cells(["12E5", wrong], "study"))


@given(st.lists(st.integers(-400, 400), min_size=1, max_size=20), st.integers(1, 3))
def test_an_order_is_that_of_the_numbers_within_each_patient(offsets, patients):
    whose = pd.Series([f"p{number % patients}" for number in range(len(offsets))])
    order = read_order(cells([str(one) for one in offsets]), whose)
    for patient in whose.unique():
        own = [one for one, name in zip(offsets, whose, strict=True) if name == patient]
        places = order[(whose == patient).to_numpy()]
        assert places.tolist() == [sorted(set(own)).index(one) for one in own]


def test_an_order_of_dates_and_of_what_nobody_knows():
    whose = pd.Series(["a", "a", "a", "b", "b"])
    dates = ["2026-01-31", "2025-12-01T10:30", "", "20260101", "2026-01-01"]
    assert same(read_order(cells(dates), whose), [1, 0, np.nan, 0, 0])
    assert same(read_order(cells(["20260131", "20251201", "", "3", "3.5"]), whose), [1, 0, np.nan, 0, 1])
    assert read_order(cells([""] * 5), whose).isna().all()


def test_two_pictures_of_a_day_are_of_one_time():
    whose = pd.Series(["a"] * 4)
    dates = ["2026-01-31T10:30", "2026-01-31 23:59:01-05:00", "2026-01-31", "2026-02-01T00:10"]
    assert same(read_order(cells(dates), whose), [0, 0, 0, 1])


def test_eight_digits_are_dates_with_the_year_first():
    with pytest.raises(PrivbenchError, match=r"0\.png has '31012026' for follow_up \(2 such images\)"):
        read_order(cells(["31012026", "01022026"], "follow_up"), pd.Series(["a", "a"]))


@pytest.mark.parametrize(
    "wrong", ["31.01.2026", "first", "nan", "inf", "2026-13-01", "now", "today", "20261301", "31012026", "2026-01-31x"]
)
def test_what_is_no_time_is_refused(wrong):
    with pytest.raises(PrivbenchError, match=r"Image 1\.png has .* for follow_up \(1 such images\), where a date such"):
        read_order(cells(["2026-01-31", wrong], "follow_up"), pd.Series(["a", "a"]))


@pytest.mark.parametrize(("uncertain", "value"), [("unknown", np.nan), ("positive", 1), ("negative", 0)])
def test_labels(uncertain, value):
    texts = cells(["1", "0", "1.0", " 0.0", "-1", "-1.0", "", "True", "false"], "Mass")
    assert same(read_labels(texts, uncertain), [1, 0, 1, 0, value, value, np.nan, 1, 0])


@pytest.mark.parametrize("wrong", ["yes", "2", "0.5", "nan"])
def test_what_is_no_label_is_refused(wrong):
    with pytest.raises(PrivbenchError, match=rf"1\.png has '{wrong}' for Mass \(2 such images\), where 1, 0, -1"):
        read_labels(cells(["1", wrong, "", wrong], "Mass"), "unknown")


def test_splits():
    words = ["train", "Training", "val", "VALID", "validate", "validation", "test", "testing", "train_val", "trainval"]
    expected = ["train"] * 2 + ["val"] * 4 + ["test"] * 2 + ["train_val"] * 2
    assert read_splits(cells(words)).tolist() == expected
    with pytest.raises(PrivbenchError, match=r"0\.png has '' for split .*one of train, training, val"):
        read_splits(cells([""], "split"))


def test_sexes_and_views():
    assert read_sexes(cells(["M", "female", " Male", "f", "", "O", "Mrs Doe"])).tolist() == [
        "M",
        "F",
        "M",
        "F",
        *[""] * 3,
    ]
    views = ["pa", "AP", "Lateral ", "", "AP_horizontal", "Postero-anterior", "AP supine", "PA, see Mrs Doe"]
    assert read_views(cells(views)).tolist() == ["PA", "AP", "", "", "AP", "PA", "AP", ""]


def test_spacings():
    assert same(read_spacings(cells(["0.143", "", "3"])), [0.143, np.nan, 3])
    for wrong in ("0", "-1", "inf", "wide"):
        with pytest.raises(PrivbenchError, match="millimetres above 0 belong"):
            read_spacings(cells([wrong], "spacing_x"))


@pytest.mark.parametrize(
    ("separator", "lists", "told"),
    [
        ("|", ["Mass|Nodule", "Nodule", "", " | ", "MASS", "Massive", "pulmonary mass"], "1 0 - - 1 0 0"),
        (",", ["['mass', 'nodule']", "['nodule']", "['']", "[]", '["mass"]', "mass,", "no mass"], "1 0 - - 1 1 0"),
        ("/", ["Pneumonia/Viral/Mass", "Pneumonia"], "1 0"),
        (", ", ["a, mass", "mass,a"], "1 0"),
    ],
)
def test_findings_that_one_column_lists(separator, lists, told):
    found = listed(cells(lists, "found"), separator, "Mass")
    assert found.tolist() == told.replace("-", "").split(" ")
