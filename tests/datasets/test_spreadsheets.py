"""Tables as editors and programs write them are read alike."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privbench.base.errors import PrivbenchError
from privbench.datasets.spreadsheets import read_texts

ROWS = [["image", "patient", "note"], ["a.png", "007", "first,\nsecond"], ["b.png", "8", ""]]


def written(path, rows, separator=",", start=""):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    path.write_text(start + text.getvalue(), encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("name", "separator", "start"),
    [("a.csv", ",", ""), ("a.CSV", ";", "\ufeff"), ("a.csv", "\t", ""), ("a.tsv", "\t", "")],
)
def test_separators_marks_and_line_ends(tmp_path, name, separator, start):
    table = read_texts(written(tmp_path / name, ROWS, separator, start))
    assert [list(table.columns), *table.to_numpy().tolist()] == ROWS
    assert b"\r\n" in (tmp_path / name).read_bytes(), "as spreadsheets end lines"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(st.text("a,;\"'\n 0é", max_size=5), min_size=2, max_size=2), min_size=1, max_size=6))
def test_whatever_is_quoted_is_read_back(tmp_path, rows):
    assert read_texts(written(tmp_path / "a.csv", [["x", "y"], *rows])).to_numpy().tolist() == rows


def test_parquet_is_read_as_its_text_would_be(tmp_path):
    table = pd.DataFrame(
        {
            "image": ["a.png", "b.png"],
            "patient": pd.array([12, None], "Int64"),
            "age": [58.5, np.nan],
            "Mass": [True, False],
            "taken": pd.to_datetime(["2026-01-31", None]),
        }
    )
    table.to_parquet(tmp_path / "a.parquet")
    assert read_texts(tmp_path / "a.parquet").to_numpy().tolist() == [
        ["a.png", "12", "58.5", "True", "2026-01-31 00:00:00"],
        ["b.png", "", "", "False", ""],
    ]


def test_the_index_of_a_parquet_table_is_a_column(tmp_path):
    table = pd.DataFrame({"image": ["a.png"], "patient": ["7"]})
    table.set_index("image").to_parquet(tmp_path / "a.parquet")
    assert read_texts(tmp_path / "a.parquet").to_dict("list") == {"image": ["a.png"], "patient": ["7"]}
    table.set_index("image", drop=False).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(PrivbenchError, match="is no Parquet table"):
        read_texts(tmp_path / "a.parquet")


def test_a_name_in_a_parquet_table_is_no_fraction(tmp_path):
    table = pd.DataFrame({"age": [58.5, 7], "MRN": [1.0, np.nan], "acc": [2.0, 3.0]})
    table.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(PrivbenchError) as error:
        read_texts(tmp_path / "a.parquet", ["MRN", "acc"])
    assert str(error.value).count("save them as texts") == 2
    assert len(read_texts(tmp_path / "a.parquet", ["patient"])) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"x,y\n1,2\n1\n1,2,3\n", r"(?s)2 things.*line 3: 1 cells, where .* has 2.*line 4: 3 cells"),
        ("a.csv", b'x,y\n1,"2\n', r"line 2: this is no table"),
        ("a.csv", b"x,x\n1,2\n", r"has two columns 'x': rename one"),
        ("a.csv", b"x,y\n", r"lists no image"),
        ("a.csv", b"", r"lists no image"),
        ("a.csv", b"\xff\xfe\n", r"is no UTF-8 text"),
        ("a.csv", None, r"There is no file"),
        ("a.parquet", b"PAR1", r"is no Parquet table"),
        ("a.parquet", None, r"There is no file"),
        ("a.xlsx", b"PK", r"ends in none of \.csv, \.tsv, \.parquet: save it as one"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PrivbenchError, match=message):
        read_texts(tmp_path / name)


def test_columns_without_a_name_are_ignored(tmp_path):
    (tmp_path / "a.csv").write_text(" x ,y,,\n1,2,,\n\n3,4,5,\n")
    table = read_texts(tmp_path / "a.csv")
    assert {name: column.tolist() for name, column in table.items()} == {"x": ["1", "3"], "y": ["2", "4"]}
