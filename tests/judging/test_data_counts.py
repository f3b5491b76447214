"""What a check counts in a table."""

import numpy as np
import pandas as pd
from tables import table

from privbench.data.table import checked_rows
from privbench.judging.data_counts import counts_of


def counted(**columns):
    rows = table(["train"] * 6 + ["test"] * 4, [0, 1, 1, 2, 2, 2, 3, 3, 3, 3]).assign(**columns)
    return counts_of(checked_rows(rows, ("Mass",)), ("Mass",))


def test_patients_are_grouped_by_their_images_and_years():
    told = counted(age=[50, 50, 51.9, 40, 60, np.nan, 1, 1, np.nan, np.nan])
    assert (told["images"], told["patients"]) == (10, 4)
    assert told["several"] == {"1": 1, "2": 1, "3-5": 2, "6-10": 0, "11-50": 0, "51+": 0}
    assert told["years"] == {"0": 1, "1": 1, "2-4": 0, "5-9": 0, "10+": 1}
    assert {name: (one.images, one.patients) for name, one in told["splits"].items()} == {
        "train": (6, 3),
        "test": (4, 1),
    }


def test_what_is_unknown_is_not_counted_as_known():
    told = counted(sex=["M", "", "F", "F", "", "", "", "", "", ""], age=np.nan, Mass=[1, 1, 0, *[np.nan] * 7])
    assert told["sexes"] == {"F": 2, "M": 1}
    assert told["known"] == {"study": 0, "follow_up": 10, "age": 0, "sex": 3, "view": 10}
    assert told["labels"]["Mass"].model_dump() == {"present": 2, "absent": 1, "unknown": 7}
    assert sum(told["years"].values()) == 0


def test_no_row_at_all_is_counted_too():
    empty = pd.DataFrame(columns=["image", "patient", "study", "follow_up", "age", "sex", "view", "split"])
    assert counts_of(empty, ())["patients"] == 0
