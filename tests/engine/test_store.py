import errno
import json
import multiprocessing
import os
import shutil
import signal
import stat
import time
from pathlib import Path

import pytest

from privbench.base.errors import PrivbenchError
from privbench.engine.store import Store


def fill(text):
    def produce(folder: Path) -> None:
        (folder / "out.txt").write_text(text)

    return produce


def forbidden(folder: Path) -> None:
    raise AssertionError("a finished stage is not made again")


def test_a_stage_is_made_once(tmp_path):
    store = Store(tmp_path)
    first = store.stage("data", "1", {"a": 1}, {"x": "d"}, fill("hello"))
    again = store.stage("data", "1", {"a": 1}, {"x": "d"}, forbidden)
    assert not first.cached
    assert again.cached
    assert again.folder == first.folder
    assert (again.folder / "out.txt").read_text() == "hello"
    assert again.manifest.config == {"a": 1}
    assert not list((tmp_path / "unfinished").iterdir())


@pytest.mark.parametrize(
    "other",
    [("release", "1", {"a": 1}, {"x": "d"}), ("data", "2", {"a": 1}, {"x": "d"}), ("data", "1", {"a": 2}, {"x": "d"}),
     ("data", "1", {"a": 1}, {"x": "e"})],
)  # fmt: skip
def test_name_version_config_and_inputs_make_the_key(tmp_path, other):
    store = Store(tmp_path)
    first = store.stage("data", "1", {"a": 1}, {"x": "d"}, fill("hello"))
    second = store.stage(*other, fill("other"))
    assert second.key != first.key
    assert second.digest != first.digest


def test_the_digest_is_of_the_content(tmp_path):
    store = Store(tmp_path)
    a = store.stage("data", "1", {"a": 1}, {}, fill("same"))
    b = store.stage("data", "1", {"a": 2}, {}, fill("same"))
    assert a.digest == b.digest


def test_a_failed_stage_leaves_nothing(tmp_path):
    def fail(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise PrivbenchError("no")

    store = Store(tmp_path)
    with pytest.raises(PrivbenchError):
        store.stage("data", "1", {}, {}, fail)
    assert [p for p in tmp_path.rglob("*") if p.name in ("half.txt", "stage.json")] == []
    assert store.stage("data", "1", {}, {}, fill("whole")).manifest.name == "data"


def damage_text(folder):
    (folder / "out.txt").write_text("wholf")


def damage_length(folder):
    (folder / "out.txt").write_text("whol")


def damage_name(folder):
    (folder / "out.txt").rename(folder / "other.txt")


def damage_more(folder):
    (folder / "masks.npy").touch()


def damage_manifest(folder):
    (folder / "stage.json").write_text("{")


def damage_manifest_value(folder):
    told = json.loads((folder / "stage.json").read_text())
    (folder / "stage.json").write_text(json.dumps(told | {"seconds": 5.0}))


def damage_no_manifest(folder):
    (folder / "stage.json").unlink()


def damage_link(folder):
    (folder / "out.txt").unlink()
    (folder / "out.txt").symlink_to("nowhere")


def damage_folder(folder):
    shutil.rmtree(folder)
    folder.write_text("a file")


def damage_swapped(folder):
    """Another stage, whole, under this one's name."""
    shutil.rmtree(folder)
    shutil.copytree(next(one for one in folder.parent.iterdir() if one != folder), folder)


@pytest.mark.parametrize(
    "damage",
    [damage_text, damage_length, damage_name, damage_more, damage_manifest, damage_manifest_value, damage_no_manifest,
     damage_link, damage_folder, damage_swapped],
)  # fmt: skip
def test_a_stage_that_is_not_what_was_written_is_told_and_made_again(tmp_path, damage, caplog):
    store = Store(tmp_path)
    store.stage("data", "1", {"a": 2}, {}, fill("another"))
    first = store.stage("data", "1", {}, {}, fill("whole"))
    damage(first.folder)
    again = store.stage("data", "1", {}, {}, fill("whole"))
    assert not again.cached
    assert again.digest == first.digest
    assert sorted(path.name for path in again.folder.iterdir()) == ["out.txt", "stage.json"]
    assert "the stage data in the store is not what was written" in caplog.text
    assert str(tmp_path) not in caplog.text, "the log of a run may leave the house"
    assert store.stage("data", "1", {}, {}, forbidden).cached


def test_a_stage_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    stage = Store(tmp_path).stage("data", "1", {}, {}, fill("whole"))

    def broken(path):
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr("privbench.base.files.sha256", broken)
    with pytest.raises(PrivbenchError, match=rf"The stage data in .*{stage.key} cannot be read \(Input/output error\)"):
        Store(tmp_path).stage("data", "1", {}, {}, fill("whole"))


def test_what_a_run_took_is_read_once_more(tmp_path):
    stage = Store(tmp_path).stage("data", "1", {}, {}, fill("whole"))
    stage.confirm()
    damage_text(stage.folder)
    with pytest.raises(PrivbenchError, match=r"was changed while the run read it \(changed: out\.txt\)"):
        stage.confirm()


def test_a_store_is_its_owners_alone(tmp_path):
    stage = Store(tmp_path / "store").stage("data", "1", {}, {}, fill("whole"))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "store", *(tmp_path / "store").rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert stage.folder in modes


def _slow(root: Path, marks: Path) -> None:
    def produce(folder: Path) -> None:
        (marks / f"{os.getpid()}").touch()
        (folder / "half.txt").write_text("half")
        time.sleep(0.6)
        (folder / "out.txt").write_text("whole")

    Store(root).stage("data", "1", {}, {}, produce)


def test_two_runs_share_the_work(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    context = multiprocessing.get_context("fork")
    runs = [context.Process(target=_slow, args=(tmp_path / "store", marks)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    assert len(list(marks.iterdir())) == 1


def test_a_killed_run_leaves_no_half_stage(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    run = multiprocessing.get_context("fork").Process(target=_slow, args=(tmp_path / "store", marks))
    run.start()
    while not list(marks.iterdir()):
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.join()
    left = tmp_path / "store" / "unfinished"
    assert any(path.is_dir() for path in left.iterdir())
    Store(tmp_path / "store").stage("data", "2", {}, {}, fill("something else"))
    assert list(left.iterdir()) == [], "what nobody may ever ask for again is removed by whoever makes something else"
    store = Store(tmp_path / "store")
    assert len(list((tmp_path / "store").glob("data/*"))) == 1
    stage = store.stage("data", "1", {}, {}, fill("whole"))
    assert not stage.cached
    assert sorted(p.name for p in stage.folder.iterdir()) == ["out.txt", "stage.json"]
