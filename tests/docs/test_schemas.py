"""The published JSON schemas are those of the records, and hold of the files that commands write."""

from __future__ import annotations

import importlib.util
import json
from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from records import record, unpaired

from privbench.base.progress import Progress
from privbench.record.manifest import MANIFEST
from privbench.record.run import FILE, read_run
from privbench.releasing.method import method_of_run
from privbench.releasing.release import ReleaseOrder, make_release

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "schemas"
BASELINE = ROOT / "benchmarks" / "reference" / "baseline.json"
HISTORY = sorted((ROOT / "tests" / "record" / "history").iterdir())

_spec = importlib.util.spec_from_file_location("write_schemas", ROOT / "docs" / "write_schemas.py")
write_schemas = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(write_schemas)


@cache
def validator(kind):
    """Of the present version, read from its file."""
    name = f"{kind}-{write_schemas.version_of(write_schemas.KINDS[kind][0])}.json"
    return Draft202012Validator(json.loads((FOLDER / name).read_text()))


def complaints(kind, text):
    return [f"{error.json_path}: {error.message}" for error in validator(kind).iter_errors(json.loads(text))]


@pytest.fixture
def release(finished, tmp_path):
    """A folder of one image, released by the method of a run."""
    (tmp_path / "in").mkdir()
    Image.fromarray(np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)).save(tmp_path / "in" / "a.png")
    method = method_of_run(finished.folder, (), False)
    order = ReleaseOrder(tmp_path / "in", tmp_path / "out", method, tmp_path / "key", None, False, "cpu", 1)
    make_release(order, Progress(quiet=True))
    return tmp_path / "out"


def test_the_files_are_what_the_records_say_now():
    for name, text in write_schemas.schemas().items():
        assert (FOLDER / name).read_text() == text, f"write docs/schemas/{name} anew: python docs/write_schemas.py"
    page = (ROOT / "docs" / "schemas.md").read_text()
    assert all(f"(schemas/{name})" in page for name in write_schemas.schemas())


@pytest.mark.parametrize("kind", write_schemas.KINDS)
def test_they_are_json_schemas(kind):
    Draft202012Validator.check_schema(validator(kind).schema)


def test_files_that_commands_wrote_hold(finished, release):
    assert complaints("run", (finished.folder / FILE).read_text()) == []
    assert complaints("baseline", BASELINE.read_text()) == []
    manifest = (release / MANIFEST).read_text()
    assert complaints("manifest", manifest) == []
    assert json.loads(manifest)["evidence"] is not None


@pytest.mark.parametrize("path", HISTORY, ids=lambda path: path.stem)
def test_runs_of_older_schemas_hold_once_they_are_read(path):
    assert complaints("run", read_run(path).model_dump_json()) == []


def test_a_run_without_a_worst_case_holds():
    assert complaints("run", unpaired("drawn").model_dump_json()) == []


def test_what_is_missing_surplus_or_of_another_kind_is_told():
    good = json.loads(record("a", 0.8, 0.7).model_dump_json())
    for field in good:
        assert complaints("run", json.dumps({name: value for name, value in good.items() if name != field})), field
        assert complaints("run", json.dumps(good | {field: 0.5})), field
    assert complaints("run", json.dumps(good | {"surplus": 1}))
    worse = deepcopy(good)
    worse["attacks"][0]["verification_auc"] = 1.5
    assert complaints("run", json.dumps(worse)) == [
        "$.attacks[0].verification_auc: 1.5 is greater than the maximum of 1.000000001"
    ]
