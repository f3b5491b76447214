"""Options that several commands share, as what they stand for."""

import pytest

from privbench.base.errors import PrivbenchError
from privbench.cli.arguments import column_changes
from privbench.protocols.schema import load_protocol


@pytest.mark.parametrize(
    "theirs", ["PatientID", "Patient ID", "1", "true", 'the "id"', "a=b", "größe", "🫁", "x\\y", "[a]"]
)
def test_a_column_is_the_data_sets_parameter(theirs):
    protocol = load_protocol("quick", ["data.dataset=table", "data.params={}", *column_changes([f"patient={theirs}"])])
    assert protocol.data.params == {"columns": {"patient": theirs}}


def test_columns_add_up_and_none_is_none():
    changes = column_changes(["patient=ID", " image = path "])
    params = load_protocol("quick", ["data.params={}", *changes]).data.params
    assert params == {"columns": {"patient": "ID", "image": "path"}}
    assert column_changes(None) == []


@pytest.mark.parametrize("wrong", ["patient", "=ID", "patient=", "a.b=c"])
def test_what_names_no_column_is_told(wrong):
    with pytest.raises(PrivbenchError, match=f"--column '{wrong}' is not NAME=COLUMN, such as patient=PatientID"):
        column_changes([wrong])
