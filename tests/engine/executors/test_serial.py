"""One stage after the other in this process."""

import os

from graphs import Mark, engine_in, node


def test_it_is_this_process_that_makes_them(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    engine_in(tmp_path / "store").make({"goal": [node("a", Mark(marks)), node("b", Mark(marks))]})
    assert {path.name.split("-")[1] for path in marks.iterdir()} == {str(os.getpid())}
