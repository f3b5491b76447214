"""A folder is put in place whole, and nothing that was there is lost, whenever a process is killed."""

import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest

from privbench.base.errors import PrivbenchError
from privbench.base.placing import Place, changed


def written(folder):
    """What this test's command writes: files whose names it lists in one of them."""
    listed = folder / "list"
    return set(listed.read_text().split()) if listed.is_file() else set()


def free():
    """Whatever lies there may be replaced."""


def fill(path, *names, check=free):
    with Place(path, written).filled(check, "waiting") as part:
        for name in names:
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_text("new")
        (part / "list").write_text(" ".join([*names, "list"]))


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_files_and_folders_are_their_owners_alone_from_the_first_moment(tmp_path):
    before = os.umask(0)
    try:
        with Place(tmp_path / "below" / "out", written).filled(free, "waiting") as part:
            (part / "deep").mkdir()
            (part / "deep" / "file").write_text("new")
            assert part.stat().st_mode & 0o777 == 0o700
            assert part.parent.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)
    modes = {path.name: f"{path.stat().st_mode & 0o777:o}" for path in tmp_path.rglob("*")}
    assert modes == {"below": "700", "out": "700", "deep": "700", "file": "600"}


def test_a_link_stays_and_its_target_is_filled(tmp_path):
    for target in ("there", "not-yet"):
        link = tmp_path / f"link-{target}"
        link.symlink_to(tmp_path / "disk" / target)
    (tmp_path / "disk" / "there").mkdir(parents=True)
    for target in ("there", "not-yet"):
        link = tmp_path / f"link-{target}"
        fill(link, "a")
        fill(link, "b")
        assert link.is_symlink()
        assert tree(tmp_path / "disk" / target) == ["b", "list"]
    assert sorted(path.name for path in (tmp_path / "disk").iterdir()) == ["not-yet", "there"]


def test_what_no_command_wrote_is_carried_over(tmp_path):
    out = tmp_path / "out"
    fill(out, "a", "deep/b")
    for name in ("note", "deep/note"):
        (out / name).write_text("mine")
    fill(out, "c")
    assert tree(out) == ["c", "deep/note", "list", "note"]
    assert (out / "note").read_text() == "mine"
    with pytest.raises(PrivbenchError, match="holds note, which privbench did not write there and would now"):
        fill(out, "note")
    assert (out / "note").read_text() == "mine"
    assert tree(tmp_path) == ["out/c", "out/deep/note", "out/list", "out/note"]


RENAMES = ("out", ".out.privbench-unfinished", "deep/note", "note", ".out.privbench-replaced")
"""What is renamed while a folder is replaced, in this order."""


def die_at(step, out):
    """Fills the folder in a process that is killed before the renaming of that number."""
    real, count = Path.rename, 0

    def rename(self, target):
        nonlocal count
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        return real(self, target)

    Path.rename = rename
    fill(out, "c")


@pytest.mark.parametrize("step", range(len(RENAMES) + 1))
@pytest.mark.parametrize("refused", [False, True])
def test_a_kill_at_any_moment_loses_nothing(tmp_path, step, refused):
    """Afterwards the next use finds the older folder whole, or the new one, with the user's files in it."""
    out = tmp_path / "out"
    fill(out, "a", "deep/b")
    for name in ("note", "deep/note"):
        (out / name).write_text("mine")
    process = multiprocessing.get_context("fork").Process(target=die_at, args=(step, out))
    process.start()
    process.join()
    assert process.exitcode == (-signal.SIGKILL if step < len(RENAMES) else 0)

    def refuse():
        raise PrivbenchError("no")

    if refused:
        with pytest.raises(PrivbenchError, match="no"):
            fill(out, "d", check=refuse)
        own = ["a", "deep/b"] if step < 2 else ["c"]
    else:
        fill(out, "d")
        own = ["d"]
    assert tree(out) == sorted([*own, "deep/note", "list", "note"])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_came_after_a_kill_is_not_mixed_with_what_was_there(tmp_path):
    out = tmp_path / "out"
    fill(out, "a")
    process = multiprocessing.get_context("fork").Process(target=die_at, args=(1, out))
    process.start()
    process.join()
    assert not out.exists()
    shutil.copytree(tmp_path / ".out.privbench-replaced", out)  # a user who repairs it by hand
    with pytest.raises(PrivbenchError, match=r"\.out\.privbench-replaced holds what lay in .*: move one of them away"):
        fill(out, "d")
    assert tree(tmp_path / ".out.privbench-replaced") == tree(out) == ["a", "list"]


@pytest.mark.parametrize("path", ["/", "/proc", "loop", "file", "file/below", "n" * 300, "n" * 250, "a\0b", "l/below"])
def test_where_no_folder_can_be_put_is_told_at_once(tmp_path, path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "l").symlink_to("loop")
    (tmp_path / "file").touch()
    with pytest.raises(PrivbenchError):
        Place(tmp_path / path, written)


def test_nobody_finds_himself_in_a_folder_that_is_gone(tmp_path, monkeypatch):
    (tmp_path / "out" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "out" / "below")
    for path in (".", "..", tmp_path / "out"):
        with pytest.raises(PrivbenchError, match="holds the folder that you are in"):
            Place(Path(path), written)
    Place(Path("new"), written)


def test_files_that_changed_are_found(tmp_path):
    for name in ("same", "edited", "linked"):
        (tmp_path / name).write_text("")
    (tmp_path / "edited").write_text("x")
    (tmp_path / "linked").unlink()
    (tmp_path / "linked").symlink_to("same")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert changed(tmp_path, dict.fromkeys(["same", "edited", "linked", "missing"], empty)) == ["edited", "linked"]
