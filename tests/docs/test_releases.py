"""The manual lists exactly what a released DICOM file may hold, and what it holds of it."""

import re
from pathlib import Path

from privbench.releasing.dicom_bytes import EMPTY, EMPTY_OF_CLASS, GREYS, NEW, SET
from privbench.releasing.kept import KEPT, MODALITIES

PAGE = (Path(__file__).parents[2] / "docs" / "releases.md").read_text()
TABLE = PAGE.split("## What is kept of a DICOM file")[1].split("\n- ")[0]
ROWS = {
    name: written
    for names, written in re.findall(r"^\| (`.*?`) \| (.*?) \|", TABLE, re.MULTILINE)
    for name in re.findall(r"`(\w+)`", names)
}


def test_the_table_names_every_attribute_that_may_be_written():
    may_be = {*NEW, *SET, *GREYS, *EMPTY, *KEPT, *(name for names in EMPTY_OF_CLASS.values() for name in names)}
    assert set(ROWS) == may_be


def test_what_is_empty_is_what_is_not_kept():
    empty = {name for name, written in ROWS.items() if written == "empty"}
    assert empty == {*EMPTY, *(name for names in EMPTY_OF_CLASS.values() for name in names)} - set(KEPT)


def test_the_terms_that_it_names_pass():
    for name in ("Modality", "ViewPosition", "BurnedInAnnotation"):
        for term in re.findall(r"`(\w+)`", ROWS[name].split(";")[0]):
            assert KEPT[name](term) == term
    assert set(MODALITIES.values()) <= set(re.findall(r"`(\w+)`", ROWS["Modality"]))
