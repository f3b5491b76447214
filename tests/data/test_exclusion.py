"""Lists of images that are left out: read, written, and told where they name what is nowhere."""

import pytest

from privbench.base.errors import PrivbenchError
from privbench.data.exclusion import Exclusion, read_exclusion, write_exclusion


def test_what_is_written_is_read_again(tmp_path):
    names = ["b c.png", "a/1.png", " blank first.png", "ä.png"]
    write_exclusion(names, tmp_path / "below" / "bad.txt")
    assert (tmp_path / "below" / "bad.txt").read_text() == " blank first.png\na/1.png\nb c.png\nä.png\n"
    assert set(read_exclusion(tmp_path / "below" / "bad.txt").names) == set(names)


def test_line_ends_of_other_systems_and_empty_lines_are_no_names(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"\xef\xbb\xbfa.png\r\n\r\n  \r\nb.png")
    assert set(read_exclusion(tmp_path / "bad.txt").names) == {"a.png", "b.png"}


@pytest.mark.parametrize("name", ["a\nb.png", "a\u2028b.png", "a\n", " "])
def test_a_name_that_fills_no_line_cannot_be_written(tmp_path, name):
    with pytest.raises(PrivbenchError, match="cannot stand on a line of .*: give that image another name"):
        write_exclusion([name], tmp_path / "bad.txt")
    assert not (tmp_path / "bad.txt").exists()


def test_names_that_nobody_met_are_told():
    exclude = Exclusion.of(["a.png", "b.png"])
    assert exclude.keeps(["a.png", "c.png", "a.png"]) == [False, True, False]
    with pytest.raises(PrivbenchError, match=r"^1 images are to be left out and stand in no table: b\.png; take them"):
        exclude.check()
    exclude.keeps(["b.png"])
    exclude.check()


def test_a_part_leaves_out_its_own_and_the_whole_knows_of_it():
    whole = Exclusion.of(["nih/a.png", "ours/a.png", "nih/deep/b.png"])
    part = whole.of_part("nih")
    assert part.keeps(["a.png", "b.png", "deep/b.png"]) == [False, True, False]
    with pytest.raises(PrivbenchError, match=r"no table: ours/a\.png;"):
        whole.check()


def test_a_list_that_is_not_there_is_told(tmp_path):
    with pytest.raises(PrivbenchError, match=r"There is no file .*bad\.txt: check data\.exclude_file"):
        read_exclusion(tmp_path / "bad.txt")
