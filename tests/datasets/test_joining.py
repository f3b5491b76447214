"""Findings of a spreadsheet find their images by a key, or what keeps them from it is told."""

from pathlib import Path

import pandas as pd
import pytest

from privbench.base.errors import PrivbenchError
from privbench.datasets.joining import joined

KEYS = ("special", "general")
IMAGES = pd.DataFrame(
    {"special": ["s1", "s2", ""], "general": ["007", "007", "8"], "age": ["1", "2", "3"]}, index=["a", "b", "c"]
)


def join(keys=KEYS, told=None, **columns):
    notices = [] if told is None else told
    return joined(IMAGES, pd.DataFrame(columns, dtype=object), keys, Path("labels.csv"), notices.append)


def test_rows_are_found_by_the_most_special_key_of_the_table():
    told = []
    found = join(told=told, Mass=["1", "0"], special=["s2", " s1 "], general=["8", "8"])
    assert found["Mass"].tolist() == ["0", "1", ""]
    assert found["age"].tolist() == ["1", "2", "3"]
    assert found["general"].tolist() == ["007", "007", "8"], "the header knows"
    [notice] = told
    assert notice.text == "1 of 3 images have no row in the table, so their findings are unknown"
    assert notice.names == ("c",)


def test_one_row_may_be_of_several_images():
    told = []
    found = join(told=told, general=["007", "8", "9"], Mass=["1", "0", "1"], Edema=["", "1", "1"])
    assert found["Mass"].tolist() == ["1", "1", "0"]
    assert found["Edema"].tolist() == ["", "", "1"]
    assert told == []


def test_an_empty_key_joins_nothing():
    assert join(special=["s1", "", ""], Mass=["1", "0", "0"])["Mass"].tolist() == ["1", "", ""]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"Mass": ["1"]}, r"labels\.csv has no column of special, general: say which it is, such as --column general="),
        ({"general": ["7"], "Mass": ["1"]}, r"No row of labels\.csv has the general of an image: .* zeros before"),
        ({"general": ["8", "8 "], "Mass": ["1", "1"]}, r"has '8' for general \(1 such rows\), which another row has"),
        ({"general": ["8", "1.2E+11"], "Mass": ["1", "1"]}, r"has '1\.2E\+11' for general .* cut short: export it as"),
    ],
)
def test_what_keeps_rows_from_images_is_told(columns, message):
    with pytest.raises(PrivbenchError, match=message):
        join(**columns)
