"""Images that a table names by the end of their paths are found below the folder, and nowhere else."""

import os
import time

import pytest

from privbench.base.errors import PrivbenchError
from privbench.datasets.image_names import files_below, resolve_names


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    for name in ("1.png", "a/1.png", "a/b/2.JPEG", "a/3.dcm.png", "c/4.png", "c/4.tif", "c/notes.txt", "d/5"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (tmp_path / "outside.png").write_text("secret")
    return folder


def test_names_are_paths_or_the_ends_of_paths(root):
    names = ["1.png", "a/1.png", "2", "b/2", "2.JPEG", "3.dcm", "3.dcm.png", "5", "notes.txt"]
    assert resolve_names(root, names) == {
        "1.png": "1.png",
        "a/1.png": "a/1.png",
        "2": "a/b/2.JPEG",
        "b/2": "a/b/2.JPEG",
        "2.JPEG": "a/b/2.JPEG",
        "3.dcm": "a/3.dcm.png",
        "3.dcm.png": "a/3.dcm.png",
        "5": "d/5",
        "notes.txt": "c/notes.txt",
    }


@pytest.mark.parametrize(
    "name",
    ["", "notes", "9.png", "/2", "2/", "b//2", "./b/2", "../outside", "outside", ".png", "*", "2\0", "B/2"],
)
def test_what_no_file_is_called_stands_for_itself(root, name):
    assert resolve_names(root, [name]) == {name: name}


def test_names_of_several_files_are_refused_together(root):
    with pytest.raises(PrivbenchError) as error:
        resolve_names(root, ["1", "4", "2"])
    assert str(error.value).splitlines() == [
        "2 things are wrong:",
        f"- '1' may be 1.png or a/1.png below {root}: tell its path, such as by columns in data.params.path.",
        f"- '4' may be c/4.png or c/4.tif below {root}: tell its path, such as by columns in data.params.path.",
    ]


def test_links_to_files_are_found_and_those_to_folders_not_followed(root, tmp_path):
    """Links stand for large files that are kept elsewhere; whether one leads out, is asked of who reads it."""
    (root / "out").symlink_to(tmp_path)
    (root / "round").symlink_to(root)
    (root / "d" / "round").symlink_to(root / "d")
    (root / "d" / "loop.png").symlink_to("loop.png")
    (root / "d" / "link.png").symlink_to(root / "a" / "1.png")
    assert resolve_names(root, ["outside.png", "2", "link", "loop"]) == {
        "outside.png": "outside.png",
        "2": "a/b/2.JPEG",
        "link": "d/link.png",
        "loop": "loop",
    }


def test_a_file_and_a_link_to_it_are_one(root):
    (root / "b").mkdir()
    (root / "b" / "2.JPEG").symlink_to(root / "a" / "b" / "2.JPEG")
    assert resolve_names(root, ["2"]) == {"2": "a/b/2.JPEG"}


def test_the_tree_is_left_alone_where_all_names_are_paths(root, monkeypatch):
    monkeypatch.setattr("privbench.datasets.image_names.files_below", None)
    assert resolve_names(root, ["1.png", "c/4.tif"]) == {"1.png": "1.png", "c/4.tif": "c/4.tif"}


def test_folders_that_may_not_be_looked_into_matter_where_a_name_is_lost(root, monkeypatch):
    def scandir(folder):
        if str(folder).endswith("/c"):
            raise PermissionError(folder)
        return walk(folder)

    walk = os.scandir
    monkeypatch.setattr("privbench.datasets.image_names.os.scandir", scandir)
    assert resolve_names(root, ["2"]) == {"2": "a/b/2.JPEG"}
    with pytest.raises(PrivbenchError, match=r"1 images are listed and were not found .* 1 folders may not .*: c; let"):
        resolve_names(root, ["2", "notes.txt"])
    with pytest.raises(PrivbenchError, match=r"The folder .*/root/c may not be looked into: let whoever runs"):
        list(files_below(root))


@pytest.mark.slow
def test_a_hundred_thousand_files_in_one_folder_are_searched_in_seconds(tmp_path):
    count = 100_000
    (tmp_path / "images").mkdir()
    for number in range(count):
        os.close(os.open(tmp_path / "images" / f"{number}.png", os.O_CREAT))
    began = time.process_time()
    found = resolve_names(tmp_path, [str(number) for number in range(count)])
    assert time.process_time() - began < 10
    assert found["99999"] == "images/99999.png"
    assert len(set(found.values())) == count
