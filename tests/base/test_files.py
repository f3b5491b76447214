"""Texts that people save in other editors are read as they mean them."""

import pytest

from privbench.base.files import read_text


@pytest.mark.parametrize("written", [b"a\nb\n", b"\xef\xbb\xbfa\nb\n", b"a\r\nb\r\n", b"\xef\xbb\xbfa\rb\r"])
def test_marks_and_line_ends_of_other_editors_are_no_text(tmp_path, written):
    (tmp_path / "list.txt").write_bytes(written)
    assert read_text(tmp_path / "list.txt", "mend it") == "a\nb\n"
