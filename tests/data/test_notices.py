"""Notices are kept with the data, and shown with the names of those concerned."""

import logging

from privbench.data.notices import NAMES, Notice, log_notice, read_notices, write_notices


def test_notices_are_read_as_they_were_written(tmp_path):
    told = [Notice("2 of 9 images are small", ("a.png", "ä.png")), Notice("nothing else")]
    write_notices(told, tmp_path)
    assert read_notices(tmp_path) == told


def test_who_runs_the_command_sees_the_names(caplog):
    with caplog.at_level(logging.WARNING, "privbench"):
        log_notice(Notice("2 of 9 images are small", ("a.png", "b.png")))
        log_notice(Notice("nothing else"))
    assert caplog.messages == ["2 of 9 images are small", "nothing else"], "a log may leave the house"
    assert [getattr(one, NAMES) for one in caplog.records] == ["a.png, b.png", ""]
