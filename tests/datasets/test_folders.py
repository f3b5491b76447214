"""Listed files are found below their folder, and nowhere else."""

import os

import pytest

from privbench.base.errors import PrivbenchError
from privbench.datasets.folders import all_files, find_files


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    (folder / "a" / "b").mkdir(parents=True)
    for name in ("1.png", "a/2.png", "a/b/3 4.png"):
        (folder / name).write_text(name)
    (tmp_path / "secret.png").write_text("secret")
    return folder


def test_files_are_found_with_their_sizes(root):
    found = find_files(root, ["a/b/3 4.png", "1.png"])
    assert {name: (file.path, file.size) for name, file in found.items()} == {
        "a/b/3 4.png": (root / "a/b/3 4.png", 11),
        "1.png": (root / "1.png", 5),
    }
    assert found["1.png"].changed == (root / "1.png").stat().st_mtime_ns


@pytest.mark.parametrize(
    "name", ["../secret.png", "a/../../secret.png", "/etc/passwd", "link.png", "away/secret.png", "a/../1.png"]
)
def test_what_leads_out_is_refused(root, name):
    (root / "link.png").symlink_to(root.parent / "secret.png")
    (root / "away").symlink_to(root.parent)
    with pytest.raises(PrivbenchError, match=r"1 images are listed and do not lie below"):
        find_files(root, [name, "1.png"])


def test_links_that_stay_inside_are_followed(root, tmp_path):
    (root / "link.png").symlink_to("a/2.png")
    (root / "c").symlink_to(root / "a")
    (tmp_path / "other").symlink_to(root)
    found = find_files(tmp_path / "other", ["link.png", "c/b/3 4.png"])
    assert [file.size for file in found.values()] == [7, 11]


def test_what_is_missing_is_told_together_with_what_leads_out(root):
    (root / "round.png").symlink_to(root / "round.png")
    missing = [f"{number}.jpg" for number in range(9)]
    names = ["1.png", "../secret.png", *missing, "a", "", "1.png/x", "n" * 300, "round.png", "1.png\0", "a\0/2.png"]
    with pytest.raises(PrivbenchError) as error:
        find_files(root, names)
    assert str(error.value).splitlines() == [
        "2 things are wrong:",
        f"- 1 images are listed and do not lie below {root}: ../secret.png; write paths below it, without .. and links "
        "that lead out.",
        f"- 16 images are listed and are not there below {root}: , 0.jpg, 1.jpg and 13 more; add them, or set "
        "data.params.missing='leave out'.",
    ]


def test_a_file_has_one_name(root):
    (root / "link.png").symlink_to("a/2.png")
    (root / "hard.png").hardlink_to(root / "1.png")
    with pytest.raises(PrivbenchError) as error:
        find_files(root, ["a/2.png", "link.png", "1.png", "1.png", "hard.png", "./1.png", "a//2.png", "a/b/"])
    assert str(error.value).splitlines() == [
        "2 things are wrong:",
        "- 3 images are listed and have a shorter path: ./1.png, a//2.png, a/b/; write it, without . and slashes in a "
        "row.",
        "- 2 images are listed and are the file of another name: hard.png, link.png; list every file once.",
    ]


def test_what_may_not_be_looked_at_is_told(root, monkeypatch):
    def closed(place):
        raise PermissionError(place)

    monkeypatch.setattr("privbench.datasets.folders.os.lstat", closed)
    with pytest.raises(PrivbenchError, match=r"1 images are listed and may not be looked at below .*: 1\.png; let"):
        find_files(root, ["1.png"])


def test_all_files_are_found_in_the_order_of_their_names(root):
    (root / "a.x").write_text("")
    (root / "link.png").symlink_to("a/2.png")
    (root / "c").symlink_to(root / "a")
    found = all_files(root)
    assert {name: (file.path, file.size) for name, file in found.items()} == {
        "1.png": (root / "1.png", 5),
        "a.x": (root / "a.x", 0),
        "a/2.png": (root / "a" / "2.png", 7),
        "a/b/3 4.png": (root / "a" / "b" / "3 4.png", 11),
    }
    assert list(found) == sorted(found)


def test_a_folder_below_that_may_not_be_looked_at_is_told(root, monkeypatch):
    scandir = os.scandir

    def closed(place):
        if str(place).endswith("b"):
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr("os.scandir", closed)
    with pytest.raises(PrivbenchError, match=r"The folder .*root/a/b may not be looked into: let"):
        all_files(root)


def test_a_name_that_is_no_text_is_told(root):
    (root / os.fsdecode(b"M\xfcller.dcm")).write_text("")
    with pytest.raises(PrivbenchError, match=r"'M\\udcfcller\.dcm' below .* is no name in UTF-8: rename it"):
        all_files(root)


def test_what_is_missing_may_be_left_out_and_nothing_else(root):
    (root / "round.png").symlink_to(root / "round.png")
    assert list(find_files(root, ["1.png", "2.png", "a", "round.png"], missing="leave out")) == ["1.png"]
    with pytest.raises(PrivbenchError, match=r"do not lie below"):
        find_files(root, ["2.png", "../secret.png"], missing="leave out")
