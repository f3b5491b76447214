"""The score files of unpaired releases."""

import numpy as np
import pandas as pd

from privbench.data.pairs import NO_PAIRS
from privbench.data.pseudonyms import with_pseudonyms
from privbench.data.splits import COLUMNS, UNKNOWN, Split
from privbench.metrics.copies import Nearest
from privbench.record.unpaired_scores import HELD_OUT, LEARNT, drawn_nearest, galleries, near_originals, patients_of


def split(*, private):
    told = {"image": ["b.png", "a.png", "c.png"], "patient": ["p", "q", "p"], "split": "train"}
    table = pd.DataFrame({column: told.get(column, UNKNOWN.get(column)) for column in COLUMNS}, index=range(3))
    return Split(np.zeros((3, 1, 4, 4), np.uint8), with_pseudonyms(table, ["x"]) if private else table, (), NO_PAIRS)


def test_arms_are_those_learnt_from_and_those_held_out_beside_the_same_test():
    splits = ["train", "val", "test"]
    assert galleries(splits, ["train"]) == {LEARNT: ["train", "test"], HELD_OUT: ["val", "test"]}
    assert galleries(splits, ["train", "val"]) == {LEARNT: ["train", "val", "test"]}


def test_an_image_is_told_with_whose_the_original_is_and_nothing_where_it_is_like_none():
    near = Nearest(np.array([2, -1]), np.array([0.5, 0], np.float32))
    found = drawn_nearest("learnt", ["0", "1"], ["0", "0"], split(private=False).told, near, np.array([True, True]))
    assert found.loc[0, ["split", "nearest", "nearest_patient"]].tolist() == ["train", "c.png", "p"]
    assert found.loc[1, ["split", "nearest", "nearest_patient"]].isna().all()
    assert found["exact"].tolist() == [True, False]
    assert found["picture"].tolist() == ["0", "0"]
    assert (set(found["originals"]), set(found["original_patients"])) == ({3}, {2})


def test_patients_are_counted_once_with_all_their_images():
    assert patients_of(split(private=False), "train").values.tolist() == [["train", "p", 2], ["train", "q", 1]]


def test_of_people_nothing_but_pseudonyms_is_told_in_their_order():
    own = split(private=True)
    found = near_originals(own, "train", np.ones(3, bool), np.zeros((3, 2)))
    assert found["image"].is_monotonic_increasing
    told = "".join(map(str, [*found["image"], *found["patient"], *patients_of(own, "train")["patient"]]))
    assert ".png" not in told
    assert set(found["patient"]) == set(patients_of(own, "train")["patient"])
    assert set(found["patient"]).isdisjoint({"p", "q"})
