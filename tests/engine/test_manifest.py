"""A stage says what it is, in words of which none can be changed unseen."""

import json
import random

import pytest

from privbench.base.files import digest_of, digests
from privbench.engine.manifest import MANIFEST, Manifest, examine, key_of
from privbench.engine.store import Store


@pytest.fixture
def stage(tmp_path):
    def produce(folder):
        (folder / "below").mkdir()
        (folder / "below" / "a.bin").write_bytes(bytes(range(256)))
        (folder / "b.txt").write_text("b")

    return Store(tmp_path).stage("release", "1", {"b": 2, "epsilon": 0.1}, {"data": "d"}, produce)


def test_a_sound_stage_tells_what_it_was_made_of(stage):
    manifest, damage = examine(stage.folder)
    assert damage is None
    assert (manifest.name, manifest.config, manifest.inputs) == ("release", {"b": 2, "epsilon": 0.1}, {"data": "d"})
    assert sorted(manifest.files) == ["b.txt", "below/a.bin"]
    assert manifest.files == digests(stage.folder, MANIFEST)
    assert manifest.digest == digest_of(manifest.files) == stage.digest
    assert manifest.key == key_of("release", "1", {"epsilon": 0.1, "b": 2}, {"data": "d"}) == stage.key


def test_where_nothing_lies_nothing_is_damaged(tmp_path):
    assert examine(tmp_path / "none") == (None, None)


@pytest.mark.parametrize("field", sorted(Manifest.model_fields))
def test_no_word_of_it_can_be_changed(stage, field):
    values = json.loads((stage.folder / MANIFEST).read_text())
    before = values.get(field, 0.0)  # without a device nothing is said of its memory
    other = {str: "other", float: 7.5, dict: {"x": "y"}}[type(before)]
    if field == "trainings":  # nor of these, where nothing was trained
        other = [{"training": "siamese", "epoch": 0, "steps": 3, "seconds": {"forward": 1.5}}]
    if field == "decoding":  # nor of this, where no file was read
        other = {"images": 3, "pixels": 12, "helpers": 2, "seconds": 1.5}
    (stage.folder / MANIFEST).write_text(json.dumps(values | {field: other}))
    assert examine(stage.folder) == (None, "stage.json was changed")


def test_the_memory_of_a_device_is_told_where_there_is_one(stage):
    without = Manifest.model_validate_json((stage.folder / MANIFEST).read_text())
    assert "device_memory_mib" not in (stage.folder / MANIFEST).read_text() or without.device_memory_mib is not None
    told = without.model_copy(update={"device_memory_mib": 1024.5}).sealed()
    (stage.folder / MANIFEST).write_text(told.model_dump_json(exclude_none=True))
    assert examine(stage.folder) == (told, None)
    (stage.folder / MANIFEST).write_text(told.model_copy(update={"device_memory_mib": 512}).model_dump_json())
    assert examine(stage.folder) == (None, "stage.json was changed")


def test_a_stage_that_moved_is_not_the_one_that_is_asked_for(stage):
    moved = stage.folder.rename(stage.folder.with_name("0" * 24))
    assert examine(moved) == (None, f"it is release {stage.key}")


def test_every_flipped_bit_is_seen(stage):
    """In any file, also in the words about it, wherever it is no blank between them."""
    rng = random.Random(0)
    for _ in range(60):
        file = rng.choice([stage.folder / name for name in (MANIFEST, "b.txt", "below/a.bin")])
        before = file.read_bytes()
        place = rng.randrange(len(before))
        changed = bytearray(before)
        changed[place] ^= 1 << rng.randrange(8)
        file.write_bytes(changed)
        assert examine(stage.folder)[0] is None, f"byte {place} of {file.name}"
        file.write_bytes(before)
    assert examine(stage.folder)[0] is not None
