"""A data set's table is whole and sound, or is refused in a sentence."""

import numpy as np
import pandas as pd
import pytest
from tables import table

from privbench.base.errors import PrivbenchError
from privbench.data.splits import COLUMNS, UNKNOWN
from privbench.data.table import check_splits, checked_rows, known

FINDING = ("Mass",)


def test_a_patient_in_two_splits_is_named():
    wrong = table(["train", "val", "test", "test"], [1, 2, 7, 1])
    with pytest.raises(PrivbenchError, match=r"1 patient\(s\) stand in more than one split.*: 1;"):
        checked_rows(wrong, FINDING)


@pytest.mark.parametrize("column", ["image", "patient", "split", "Mass"])
def test_a_missing_column_is_named(column):
    with pytest.raises(PrivbenchError, match=f"lacks the column '{column}'"):
        checked_rows(table(["train", "val", "test"], [1, 2, 3]).drop(columns=column), FINDING)


@pytest.mark.parametrize("column", UNKNOWN)
def test_an_optional_column_that_is_not_there_is_unknown(column):
    told = table(["train", "val", "test"], [1, 2, 3]).assign(study="first")
    whole = checked_rows(told.drop(columns=column), FINDING)
    assert not known(whole[column]).any()
    assert set(COLUMNS) <= set(whole.columns)
    rest = [name for name in COLUMNS if name not in (column, "patient")]
    assert whole[rest].equals(told[rest]), "all else stays as it was"


def test_texts_may_be_unknown_in_places_and_numbers_among_them_are_texts():
    told = table(["train", "val", "test"], [1, 2, 3])
    whole = checked_rows(told.assign(sex=["F", None, np.nan], view="", study=[7, 8, 9]), FINDING)
    assert whole["sex"].tolist() == ["F", "", ""]
    assert whole["study"].tolist() == ["7", "8", "9"]
    assert known(whole["sex"]).tolist() == [True, False, False]
    assert known(pd.Series([0.0, np.nan])).tolist() == [True, False]


def test_a_finding_is_not_called_as_pseudonyms_are():
    with pytest.raises(PrivbenchError, match="cannot be called 'patient_pseudonym', as the store calls a column"):
        checked_rows(table(["train", "val", "test"], [1, 2, 3]), ("Mass", "patient_pseudonym"))


def test_an_image_listed_twice_and_an_empty_split():
    doubled = table(["train", "val", "test"], [1, 2, 3]).assign(image="same.png")
    with pytest.raises(PrivbenchError, match=r"same\.png is listed twice"):
        checked_rows(doubled, FINDING)
    with pytest.raises(PrivbenchError, match="The val split holds no image"):
        check_splits(table(["train", "test"], [1, 3]), FINDING)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Mass": -1}, "must hold 0 or 1 for 'Mass'"),
        ({"Mass": [0.5, np.nan, 1]}, "must hold 0 or 1 for 'Mass', or NaN"),
        ({"Mass": np.nan}, "No training image is labelled for 'Mass'"),
        ({"spacing_x": 0.1}, "lacks the column 'spacing_y'"),
        ({"spacing_x": [0.1, 0, 0.1], "spacing_y": 0.1}, "millimetres above 0 for 'spacing_x', or NaN"),
        ({"spacing_x": 0.1, "spacing_y": [0.1, np.inf, 0.1]}, "millimetres above 0 for 'spacing_y'"),
        ({"spacing_x": 0.1, "spacing_y": "0.1 mm"}, "millimetres above 0 for 'spacing_y'"),
        ({"age": [50, -3, 1e300]}, r"Image 1\.png has -3\.0 for age \(2 such images\), where 0 to 130 years belongs"),
        ({"age": np.inf}, "has inf for age"),
        ({"age": 131}, "has 131 for age"),
        ({"age": ["50", "60", "old"]}, "has '50' for age"),
        ({"follow_up": [0, np.inf, 1]}, r"Image 1\.png has inf for follow_up"),
        ({"follow_up": "first"}, "has 'first' for follow_up"),
        ({"patient": [1.5, 2.5, 3.5]}, r"Image 0\.png is of the patient 1\.5, which is neither a text nor"),
        ({"patient": ["A", "B", "b"]}, "the patients 'B' and 'b', who may be one"),
        ({"split": ["train", "valid", "test"]}, r"1\.png is of split 'valid'"),
    ],
)
def test_foreign_values_are_told(change, message):
    with pytest.raises(PrivbenchError, match=message):
        check_splits(checked_rows(table(["train", "val", "test"], [1, 2, 3]).assign(**change), FINDING), FINDING)


@pytest.mark.parametrize(
    "labels", [[1, 0, 1], [1.0, np.nan, 0.0], [True, False, None], pd.array([1, None, 0], "Int64")]
)
def test_labels_may_be_unknown(labels):
    known = table(["train", "val", "test"], [1, 2, 3]).assign(Mass=labels)
    checked_rows(known.assign(spacing_x=[0.1, np.nan, 3], spacing_y=np.nan), FINDING)


def test_rows_of_a_part_of_the_data_need_neither_labels_nor_every_split():
    checked_rows(table(["train_val", "test"], [1, 2]).assign(Mass=np.nan), FINDING)
    with pytest.raises(PrivbenchError, match="stand in more than one split"):
        checked_rows(table(["train_val", "test"], [1, 1]), FINDING)


def test_all_that_is_wrong_is_told_together():
    wrong = table(["train", "val", "test", "test"], ["A", "B", "C ", "A"]).assign(age=-1, Mass=2)
    with pytest.raises(PrivbenchError) as error:
        checked_rows(wrong, FINDING)
    assert [line.split()[1:3] for line in str(error.value).splitlines()[1:]] == [
        ["Image", "2.png"], ["Image", "0.png"], ["The", "data"], ["1", "patient(s)"],
    ]  # fmt: skip


def test_what_nobody_knows_is_no_mistake():
    known = table(["train", "val", "test"], ["A", "B", "C"])
    for unknown in (np.nan, None, [0, np.nan, 130.0], pd.array([1, None, 2], "Int64")):
        assert checked_rows(known.assign(age=unknown, follow_up=unknown), FINDING)["patient"].tolist() == [
            "A",
            "B",
            "C",
        ]


def test_numbers_of_patients_become_texts():
    assert checked_rows(table(["train", "val", "test"], [8, 9, 10]), FINDING)["patient"].tolist() == ["08", "09", "10"]
