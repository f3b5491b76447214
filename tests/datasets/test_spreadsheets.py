"""Tables as editors and programs write them are read alike."""

import csv
import gzip
import hashlib
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privbench.base.errors import PrivbenchError
from privbench.datasets.spreadsheets import read_spreadsheet

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
    table = read_spreadsheet(written(tmp_path / name, ROWS, separator, start)).texts
    assert [list(table.columns), *table.to_numpy().tolist()] == ROWS
    assert b"\r\n" in (tmp_path / name).read_bytes(), "as spreadsheets end lines"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(st.text("a,;\"'\n 0é", max_size=5), min_size=2, max_size=2), min_size=1, max_size=6))
def test_whatever_is_quoted_is_read_back(tmp_path, rows):
    assert read_spreadsheet(written(tmp_path / "a.csv", [["x", "y"], *rows])).texts.to_numpy().tolist() == rows


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
    assert read_spreadsheet(tmp_path / "a.parquet").texts.to_numpy().tolist() == [
        ["a.png", "12", "58.5", "True", "2026-01-31 00:00:00"],
        ["b.png", "", "", "False", ""],
    ]


def test_the_index_of_a_parquet_table_is_a_column(tmp_path):
    table = pd.DataFrame({"image": ["a.png"], "patient": ["7"]})
    table.set_index("image").to_parquet(tmp_path / "a.parquet")
    assert read_spreadsheet(tmp_path / "a.parquet").texts.to_dict("list") == {"image": ["a.png"], "patient": ["7"]}
    table.set_index("image", drop=False).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(PrivbenchError, match="is no Parquet table"):
        read_spreadsheet(tmp_path / "a.parquet")


def test_a_name_in_a_parquet_table_is_no_fraction(tmp_path):
    table = pd.DataFrame({"age": [58.5, 7], "MRN": [1.0, np.nan], "acc": [2.0, 3.0]})
    table.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(PrivbenchError) as error:
        read_spreadsheet(tmp_path / "a.parquet", ["MRN", "ACC"])
    assert str(error.value).count("save them as texts") == 2
    assert len(read_spreadsheet(tmp_path / "a.parquet", ["patient"]).texts) == 2


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
        ("a.xlsx", b"PK", r"ends in none of \.csv, \.csv\.gz, .*, \.parquet: save it as one"),
        ("a.csv.gz", gzip.compress(b"x,y\n1,2\n", mtime=0)[:-9], r"is no whole gzip file"),
        ("a.csv.gz", b"x,y\n1,2\n", r"is no whole gzip file \(Not a gzipped file"),
        ("a.csv.gz", gzip.compress(b"\xff\xfe\n", mtime=0), r"is no UTF-8 text"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), r"lists no image"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PrivbenchError, match=message):
        read_spreadsheet(tmp_path / name)


def test_columns_without_a_name_are_ignored(tmp_path):
    (tmp_path / "a.csv").write_text(" x ,y,,\n1,2,,\n\n3,4,5,\n")
    table = read_spreadsheet(tmp_path / "a.csv").texts
    assert {name: column.tolist() for name, column in table.items()} == {"x": ["1", "3"], "y": ["2", "4"]}


@pytest.mark.parametrize(("name", "separator"), [("a.csv.gz", ";"), ("a.TSV.GZ", "\t")])
def test_packed_tables_are_read_as_others(tmp_path, name, separator):
    plain = written(tmp_path / "plain", ROWS, separator, "\ufeff").read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(plain[:9], mtime=0) + gzip.compress(plain[9:], mtime=0))
    table = read_spreadsheet(tmp_path / name).texts
    assert [list(table.columns), *table.to_numpy().tolist()] == ROWS


def test_a_packed_table_is_unpacked_up_to_a_bound(tmp_path, monkeypatch):
    text = b"x,y\n" + b"1,2\n" * 2**18
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text, mtime=0))
    monkeypatch.setattr("privbench.datasets.spreadsheets.MOST_UNPACKED", len(text))
    assert len(read_spreadsheet(tmp_path / "a.csv.gz").texts) == 2**18
    monkeypatch.setattr("privbench.datasets.spreadsheets.MOST_UNPACKED", len(text) - 1)
    with pytest.raises(PrivbenchError, match=rf"unpacks to more than {len(text) - 1} bytes"):
        read_spreadsheet(tmp_path / "a.csv.gz")


def test_the_digest_is_of_the_bytes_that_were_parsed(tmp_path):
    path = written(tmp_path / "a.csv", ROWS)
    assert read_spreadsheet(path).digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_nothing_is_computed(tmp_path):
    rows = [["image", "patient"], ["=1+1", '=HYPERLINK("http://x","y")'], ["@SUM(A1)", "-2+3"]]
    table = read_spreadsheet(written(tmp_path / "a.csv", rows)).texts
    assert [list(table.columns), *table.to_numpy().tolist()] == rows
