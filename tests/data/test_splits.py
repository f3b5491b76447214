import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.base.errors import PrivbenchError
from privbench.data.splits import COLUMNS, check_rows, check_table, hold_out_validation

FINDING = ("Mass",)


def table(split, patient):
    return pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(len(split))],
            "patient": patient,
            "follow_up": 0,
            "age": 50,
            "sex": "F",
            "view": "PA",
            "split": split,
            "Mass": 0,
        }
    )


@given(
    st.lists(st.integers(0, 30), min_size=20, max_size=80).filter(lambda p: len(set(p)) > 3),
    st.floats(0.05, 0.6),
    st.integers(0, 5),
)
def test_validation_takes_whole_patients(patients, share, seed):
    before = table(["train_val"] * len(patients), patients)
    after = hold_out_validation(before, share, seed)
    count = len(set(patients))
    held_out = set(after.loc[after["split"] == "val", "patient"])
    assert len(held_out) == max(1, round(share * count))
    assert not held_out & set(after.loc[after["split"] == "train", "patient"])
    assert set(after["split"]) == {"train", "val"}
    assert after.drop(columns="split").equals(before.drop(columns="split"))


def test_validation_is_drawn_by_seed_and_leaves_test_alone():
    before = table(["train_val"] * 40 + ["test"] * 10, np.arange(50))
    a, b, c = (hold_out_validation(before, 0.25, seed)["split"] for seed in (0, 0, 1))
    assert a.equals(b)
    assert not a.equals(c)
    assert (a[40:] == "test").all()


def test_own_validation_rows_stay():
    before = table(["train", "val", "test"], [1, 2, 3])
    assert hold_out_validation(before, 0.5, 0) is before


def test_nothing_left_to_train_on():
    with pytest.raises(PrivbenchError, match="leaves none to train on"):
        hold_out_validation(table(["train_val"], [1]), 0.5, 0)


def test_a_patient_in_two_splits_is_named():
    wrong = table(["train", "val", "test", "test"], [1, 2, 7, 1])
    with pytest.raises(PrivbenchError, match=r"1 patient\(s\) stand in more than one split.*: 1;"):
        check_table(wrong, FINDING)


@pytest.mark.parametrize("column", [*COLUMNS, "Mass"])
def test_a_missing_column_is_named(column):
    with pytest.raises(PrivbenchError, match=f"lacks the column '{column}'"):
        check_table(table(["train", "val", "test"], [1, 2, 3]).drop(columns=column), FINDING)


def test_an_image_listed_twice_and_an_empty_split():
    doubled = table(["train", "val", "test"], [1, 2, 3]).assign(image="same.png")
    with pytest.raises(PrivbenchError, match=r"same\.png is listed twice"):
        check_table(doubled, FINDING)
    with pytest.raises(PrivbenchError, match="The val split holds no image"):
        check_table(table(["train", "test"], [1, 3]), FINDING)


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
        ({"patient": ["a", "b", "c"]}, "must number its patients with integers"),
        ({"split": ["train", "valid", "test"]}, r"1\.png is of split 'valid'"),
    ],
)
def test_foreign_values_are_told(change, message):
    with pytest.raises(PrivbenchError, match=message):
        check_table(table(["train", "val", "test"], [1, 2, 3]).assign(**change), FINDING)


@pytest.mark.parametrize(
    "labels", [[1, 0, 1], [1.0, np.nan, 0.0], [True, False, None], pd.array([1, None, 0], "Int64")]
)
def test_labels_may_be_unknown(labels):
    known = table(["train", "val", "test"], [1, 2, 3]).assign(Mass=labels)
    check_table(known.assign(spacing_x=[0.1, np.nan, 3], spacing_y=np.nan), FINDING)


def test_rows_of_a_part_of_the_data_need_neither_labels_nor_every_split():
    check_rows(table(["train_val", "test"], [1, 2]).assign(Mass=np.nan), FINDING)
    with pytest.raises(PrivbenchError, match="stand in more than one split"):
        check_rows(table(["train_val", "test"], [1, 1]), FINDING)
