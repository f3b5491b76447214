"""What is wrong with the files of a release, and what is told of them, whosever they are."""

import numpy as np
import pytest
from PIL import Image

from privbench.base.errors import PrivbenchError
from privbench.running.released_files import check_claim, depth_of, is_image, released_files
from privbench.running.setting import Setting


@pytest.fixture
def request_(tiny_protocol):
    setting = Setting(protocol=str(tiny_protocol))
    return setting.data(setting.load())[1]


def test_a_claim_has_a_name_parameters_of_its_own_and_a_folder(tmp_path):
    check_claim(tmp_path, "theirs", {"mu": 0.1})
    for told, message in (
        ((tmp_path, "a b", {}), "has the name 'a b'"),
        ((tmp_path, "theirs", {"release_root": 1}), "'release_root' has a name that privbench uses itself"),
        ((tmp_path, "theirs", {"self": 1}), "'self' has a name"),
        ((tmp_path / "no", "theirs", {}), "There is no folder"),
    ):
        with pytest.raises(PrivbenchError, match=message):
            check_claim(*told)


def test_files_that_are_not_there_are_told_and_depth_is_that_of_all(tmp_path, request_):
    Image.fromarray(np.full((32, 32), 9, np.uint16)).save(tmp_path / "a.png")
    Image.fromarray(np.full((32, 32), 4095, np.uint16)).save(tmp_path / "b.png")
    problems, notices = [], []
    files = released_files(tmp_path, ["a.png", "b.png", "c.png"], problems)
    assert list(files) == ["a.png", "b.png"]
    assert len(problems) == 1
    assert "1 released files are not there" in problems[0]
    assert depth_of(files, request_, notices, problems)[0] == 12
    assert "more than 8 bits" in notices[-1].text
    (tmp_path / "a.png").write_bytes(b"no image")
    depth_of(files, request_, notices, problems)
    assert "a.png" in problems[-1]


def test_images_are_known_by_their_endings():
    assert [name for name in ("a.PNG", "b.jpg", "c.dcm", "d.csv", "e") if is_image(name)] == ["a.PNG", "b.jpg", "c.dcm"]
