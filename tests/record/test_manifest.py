"""What a manifest may hold."""

import pytest
from pydantic import ValidationError

from privbench.record.manifest import MANIFEST, ReleaseManifest, read_manifest
from privbench.record.run import AnonymizerRecord

METHOD = AnonymizerRecord(name="one", version="1", deterministic=True, params={}, given=[], code="0" * 64)


def manifest(**told):
    files = {"0a.png": "0" * 64}
    values = {"anonymizer": METHOD, "weights": None, "size": 32, "fit": "pad", "at_trained_size": False,
              "masked": False, "images": 1, "left_out": 0, "files": files, "evidence": None,
              "versions": {}}  # fmt: skip
    return ReleaseManifest(**(values | told))


def test_it_is_read_as_it_was_written(tmp_path):
    whole = manifest().sealed()
    (tmp_path / MANIFEST).write_text(whole.model_dump_json(indent=1))
    assert read_manifest(tmp_path) == whole
    assert read_manifest(tmp_path).own_digest() == whole.digest


def test_every_field_is_in_its_digest():
    first = manifest().own_digest()
    changes = {"weights": "1" * 64, "size": 64, "fit": "crop", "at_trained_size": True, "masked": True,
               "images": 2, "left_out": 1,
               "files": {"0b.png": "0" * 64}, "versions": {"a": "1"}}  # fmt: skip
    assert {*ReleaseManifest.model_fields} == {*changes, "schema_version", "anonymizer", "evidence", "digest"}
    assert all(manifest(**{name: value}).own_digest() != first for name, value in changes.items())
    assert manifest(digest="1").own_digest() == first


@pytest.mark.parametrize("name", ["../a.png", "/a.png", "a/b.png", ".a.png", "A.png", "a", "a.png\n", ""])
def test_a_file_has_a_plain_name(name):
    with pytest.raises(ValidationError, match="no name of a released file"):
        manifest(files={name: "0" * 64})
