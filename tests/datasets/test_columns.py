"""Columns of somebody's table are found in capitals or not, and told where they cannot be."""

from pathlib import Path

import pandas as pd
import pytest

from privbench.base.errors import PrivbenchError
from privbench.datasets.columns import column_of, picked, refuse_findings

THEIRS = pd.DataFrame({"MRN": ["1"], "Age": ["5"], "AGE": ["6"], "view": ["PA"], "View": ["AP"]})
PATH = Path("labels.csv")


def test_the_column_of_the_very_name_counts_and_else_the_one_in_other_capitals():
    found = picked(THEIRS, {"patient": "mrn", "view": "view", "sex": "sex"}, ["patient"], PATH)
    assert {name: column.tolist() for name, column in found.items()} == {"patient": ["1"], "view": ["PA"]}
    assert column_of(THEIRS, "Mrn", PATH, "path").tolist() == ["1"]


def test_all_that_cannot_be_told_is_told_together():
    with pytest.raises(PrivbenchError, match=r"(?s)no column 'sex': .*more than one column 'age': .*--column age=NAME"):
        picked(THEIRS, {"sex": "sex", "age": "age"}, ["sex", "age"], PATH)
    assert picked(THEIRS, {"age": "age"}, [], PATH) == {}, "what nobody asked for is not there"
    with pytest.raises(PrivbenchError, match=r"labels\.csv has no column 'folder', which data\.params\.path names"):
        column_of(THEIRS, "folder", PATH, "path")


@pytest.mark.parametrize("findings", [["Mass", "Mass"], [" "], ["patient"]])
def test_what_can_be_no_name_of_a_finding_is_refused(findings):
    with pytest.raises(ValueError, match="stands twice, or cannot be the name of a finding"):
        refuse_findings(findings, ["patient"])
    refuse_findings(["Mass", "Edema"], ["patient"])
