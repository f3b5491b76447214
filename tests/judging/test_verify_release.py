"""Whatever is changed in a release is found."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.judging.verify_release import verify_release
from privbench.record.manifest import read_manifest
from privbench.releasing.method import method_of_run, named_method
from privbench.releasing.release import ReleaseOrder, make_release


def released(folder, method):
    (folder / "in").mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40), np.uint8)
        Image.fromarray(pixels).save(folder / "in" / f"{number}.png")
    order = ReleaseOrder(folder / "in", folder / "out", method, folder / "key", None, False, "cpu", 1)
    make_release(order, Progress(quiet=True))
    return order.out


@pytest.fixture
def release(tmp_path):
    return released(tmp_path, named_method("identity", {}, (), 32, "squeeze", False))


def edit(release, **values):
    file = release / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_an_honest_release_holds(release):
    assert list(verify_release(release)) == []


def test_a_changed_a_missing_and_an_added_file(release):
    changed, gone, linked = sorted(read_manifest(release).files)
    content = bytearray((release / changed).read_bytes())
    content[-20] ^= 1
    (release / changed).write_bytes(content)
    (release / gone).unlink()
    (release / linked).rename(release.parent / linked)
    (release / linked).symlink_to(release.parent / linked)
    (release / ".hidden").touch()
    (release / "deep").mkdir()
    (release / "deep" / "more.png").touch()
    (release / "empty").mkdir()
    (release / "fifo").symlink_to("/dev")
    assert set(verify_release(release)) == {
        f"{changed} was changed: its digest is not the one in manifest.json",
        f"{gone} is missing",
        f"{linked} is a link, or no file at all",
        *(f"{name} lies there, and manifest.json does not tell of it"
          for name in (".hidden", "deep/more.png", "empty", "fifo")),
    }  # fmt: skip


def test_a_manifest_that_is_a_link(release):
    (release / "manifest.json").rename(release.parent / "elsewhere.json")
    (release / "manifest.json").symlink_to(release.parent / "elsewhere.json")
    assert list(verify_release(release)) == ["manifest.json is a link: what it leads to may be another one elsewhere"]


def test_a_folder_that_cannot_be_read(release, monkeypatch):
    """Root may read everything, so the system's refusal is said here."""
    (release / "deep").mkdir()
    scan = os.scandir

    def refused(path):
        if os.fspath(path) == str(release / "deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert list(verify_release(release)) == [f"what lies in {release / 'deep'} cannot be seen (Permission denied)"]


@pytest.mark.parametrize(("field", "value"), [("left_out", 1), ("images", 2), ("size", 64), ("weights", "0" * 64)])
def test_an_edited_manifest(release, field, value):
    edit(release, **{field: value})
    told = list(verify_release(release))
    assert told[0] == "manifest.json was changed: its digest is not that of what it tells"
    assert any("it counts 2 images and lists 3" in one for one in told) == (field == "images")


def test_the_runs_figures_are_part_of_it(finished, tmp_path):
    release = released(tmp_path, method_of_run(finished.folder, (), at_trained_size=False))
    assert list(verify_release(release)) == []
    told = json.loads((release / "manifest.json").read_text())
    assert told["evidence"]["figures"]["worst_case"] == finished.record.worst_case.model_dump(mode="json")
    told["evidence"]["figures"]["worst_case"]["verification_auc"] = 0.5
    edit(release, **told)
    assert list(verify_release(release)) == ["manifest.json was changed: its digest is not that of what it tells"]
    told["evidence"] |= {"size": 64}
    edit(release, **told)
    assert "the method was judged at 64 pixels and applied at 32" in list(verify_release(release))[1]
    told["evidence"] |= {"doubt": None}
    edit(release, **told)
    with pytest.raises(PrivbenchError, match="nothing is doubted, although the verdict is"):
        list(verify_release(release))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"files": 1}', "\udcff", '{"a": NaN}'])
def test_what_is_no_manifest(release, content):
    (release / "manifest.json").write_bytes(os.fsencode(content))
    with pytest.raises(PrivbenchError, match="is no manifest of a release"):
        list(verify_release(release))


def test_what_is_no_release(tmp_path):
    with pytest.raises(PrivbenchError, match="is no release"):
        list(verify_release(tmp_path))
