"""Which files count as images."""

import os

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.releasing.sources import check_places, find_sources


def test_names_and_beginnings_make_an_image(tmp_path):
    pixels = Image.fromarray(np.zeros((4, 4), np.uint8))
    for name, form in (("a.png", "PNG"), ("deep/er/b.JPG", "JPEG"), ("c", "TIFF"), ("deep/d.txt", "PNG")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pixels.save(tmp_path / name, form)
    (tmp_path / "e").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "f.dcm").touch()
    (tmp_path / "g.csv").write_text("a,b\n")
    (tmp_path / "empty").touch()
    (tmp_path / "again.png").symlink_to("a.png")
    found = find_sources(tmp_path)
    assert list(found.images) == ["a.png", "again.png", "c", "e", "f.dcm", "deep/d.txt", "deep/er/b.JPG"]
    assert sorted(path.rpartition("/")[2] for path in found.others) == ["empty", "g.csv"]
    assert found.problems == []


def test_links_to_folders_are_told(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    Image.new("L", (4, 4)).save(tmp_path / "in" / "deep" / "a.png")
    (tmp_path / "in" / "deep" / "up").symlink_to(tmp_path / "in")
    found = find_sources(tmp_path / "in")
    assert list(found.images) == ["deep/a.png"]
    assert len(found.problems) == 1


def test_pipes_are_told_and_not_waited_for(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    for name in ("pipe", "pipe.png"):
        os.mkfifo(tmp_path / name)
    found = find_sources(tmp_path)
    assert list(found.images) == ["a.png"]
    assert [one.rpartition("/")[2][:9] for one in found.problems] == ["pipe is a", "pipe.png "]


def test_a_path_that_leads_in_a_circle_is_no_crash(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    check_places(tmp_path / "in", tmp_path / "circle", {})
    with pytest.raises(PrivbenchError, match="There is no file or folder"):
        find_sources(tmp_path / "circle")
