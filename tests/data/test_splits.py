import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import table

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import NO_PAIRS
from privbench.data.splits import Split, hold_out_validation


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


@pytest.mark.parametrize(("rows", "view"), [([2, 3, 4], True), ([], True), ([4, 3], False), ([0, 2], False)])
def test_rows_that_follow_on_one_another_are_not_copied(rows, view):
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4), np.uint8)
    table = pd.DataFrame({"image": list("abcde"), "patient": list("ppqqr")})
    part = Split(images, table, (), NO_PAIRS).among(np.array(rows, int))
    assert part.images[:, 0, 0, 0].tolist() == rows
    assert part.table["image"].tolist() == ["abcde"[row] for row in rows]
    assert (part.images.base is images) == view
