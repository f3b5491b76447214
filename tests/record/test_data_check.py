"""What a check tells is read again as it was written, and says which images have to go."""

import pytest
from pydantic import ValidationError

from privbench.record.data_check import DataCheck, DataFinding

FINDINGS = [
    DataFinding(kind="not readable", weight="mend", text="b is cut short.", images=("b", "a")),
    DataFinding(kind="near copy", weight="look", text="c is as d.", images=("c",)),
    DataFinding(kind="blank", weight="mend", text="a is blank.", images=("a",)),
    DataFinding(kind="splits", weight="mend", text="There is no test image."),
]


def check(**changed):
    counts = {name: {} for name in ("splits", "several", "years", "labels", "known", "sexes", "views")}
    told = {"dataset": "table", "size": 64, "whole": True, "listed": 4, "images": 2, "patients": 1, "marked": None}
    return DataCheck(**told | counts | {"notices": ["few"], "findings": FINDINGS} | changed)


def test_it_is_read_as_it_was_written():
    assert DataCheck.model_validate_json(check().model_dump_json()) == check()
    with pytest.raises(ValidationError):
        check(schema_version=2)


def test_only_what_has_to_be_mended_has_to_go():
    assert [one.kind for one in check().to_mend] == ["not readable", "blank", "splits"]
    assert check().bad_images == ["a", "b"]
    assert check(findings=FINDINGS[1:2]).to_mend == []
