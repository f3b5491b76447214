"""Folders for their owner alone; tests of what a loss of power leaves cannot be made here."""

import os

import pytest

from privbench.base.folders import flush_all, give_to_owner, make_private


def modes(folder):
    """The permissions of all that lies in a folder, by path."""
    found = {path.relative_to(folder).as_posix(): path.lstat().st_mode & 0o777 for path in folder.rglob("*")}
    return {path: f"{mode:o}" for path, mode in found.items()}


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_all_that_lies_below_is_its_owners_alone(tmp_path):
    folder = tmp_path / "run"
    (folder / "scores" / "deep").mkdir(parents=True)
    for name in ("run.json", "scores/a.parquet", "scores/deep/b"):
        (folder / name).touch()
        (folder / name).chmod(0o755)
    (folder / "scores").chmod(0o777)
    give_to_owner(folder)
    assert modes(folder) == {
        "run.json": "600", "scores": "700", "scores/a.parquet": "600", "scores/deep": "700", "scores/deep/b": "600",
    }  # fmt: skip
    assert modes(tmp_path)["run"] == "700"


def test_what_links_point_to_stays_as_it_is(tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "elsewhere" / "file").touch(mode=0o644)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "file").symlink_to(tmp_path / "elsewhere" / "file")
    (folder / "folder").symlink_to(tmp_path / "elsewhere")
    (folder / "nowhere").symlink_to("nothing")
    os.mkfifo(folder / "pipe")  # opening it would wait for ever
    give_to_owner(folder)
    flush_all(folder)  # which would wait for the pipe, too
    assert modes(tmp_path / "elsewhere") == {"file": "644"}
    assert modes(tmp_path)["elsewhere"] == "755"


def test_new_folders_are_their_owners_alone_and_older_ones_stay(tmp_path, umask):
    tmp_path.chmod(0o755)
    make_private(tmp_path / "a" / "b" / "c")
    assert modes(tmp_path) == {"a": "700", "a/b": "700", "a/b/c": "700"}
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "a")
