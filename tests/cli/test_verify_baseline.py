"""`privbench verify` of a baseline's file, which a hook before a commit hangs on."""

import json
import shutil
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "benchmarks" / "reference"


@pytest.fixture
def baseline(tmp_path):
    for name in ("baseline.json", "ci.toml"):
        shutil.copy(REFERENCE / name, tmp_path)
    return tmp_path / "baseline.json"


def test_one_that_holds(privbench, baseline):
    answer = privbench("verify", baseline)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"{baseline}: everything holds (its digest, its fingerprint, its protocol)"


def test_one_that_was_edited_under_a_protocol_that_was_changed(privbench, baseline):
    """Both are told."""
    baseline.write_text(baseline.read_text().replace('"certified"', '"open"'))
    protocol = baseline.with_name("ci.toml")
    protocol.write_text(protocol.read_text().replace("patients = 1000", "patients = 999"))
    answer = privbench("verify", baseline)
    assert answer.code == 1
    assert f"{baseline}: it was changed since privbench wrote it" in answer.out
    assert "and it was made under another protocol than" in answer.out
    assert "protocol.data.params.patients: 1000 / 999" in answer.out
    assert privbench("verify", baseline, "--protocol", REFERENCE / "ci.toml").out.count("it was made") == 0


def test_one_that_cannot_be_verified(privbench, baseline):
    values = json.loads(baseline.read_text())
    del values["digest"]
    baseline.write_text(json.dumps(values | {"schema_version": 1}))
    answer = privbench("verify", baseline)
    assert answer.code == 2
    assert "is no baseline of this privbench (schema_version: Input should be 2): make it anew" in answer.out
