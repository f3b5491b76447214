"""What GitHub reads as commands is ours alone, whatever names and messages hold."""

import re

import pytest
from records import judged_figure

from privbench.judging.gate import Judgement
from privbench.report.annotations import as_annotations


def test_regressions_and_obstacles_are_errors_and_notes_are_warnings():
    found = (
        judged_figure("pass", "within the tolerance"),
        judged_figure("regression", "worse privacy: 0.7 → 0.8, at 95.0%"),
    )
    assert as_annotations(Judgement(found, ("other: too few",), ("a note",)), "gate/baseline.json") == [
        "::error file=gate/baseline.json,title=privbench check%3A regression::"
        "mine privacy/worst case/AUC: worse privacy: 0.7 → 0.8, at 95.0%25",
        "::error file=gate/baseline.json,title=privbench check%3A cannot judge::cannot judge other: too few",
        "::warning file=gate/baseline.json,title=privbench check%3A keep in mind::a note",
    ]


def test_a_pass_without_notes_says_nothing():
    assert as_annotations(Judgement((judged_figure("pass", "within the tolerance"),), (), ()), "b.json") == []


@pytest.mark.parametrize("hostile", ["a\n::stop-commands::b", "a\r::set-env::b", "100%0A::error::b", "\x1b[2Ja"])
def test_no_text_ends_its_line_or_adds_a_command(hostile):
    """Read back as GitHub reads it, each is one command with its text."""
    judgement = Judgement((judged_figure("regression", hostile),), (hostile,), (hostile,))
    lines = as_annotations(judgement, f"{hostile},title=x:y.json")
    assert len("\n".join(lines).splitlines()) == len(lines) == 3
    for line in lines:
        command, properties, message = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line).groups()
        assert command in ("error", "warning")
        assert [one.partition("=")[0] for one in properties.split(",")] == ["file", "title"]
        decoded = message.replace("%0A", "\n").replace("%25", "%")
        shown = hostile.replace("\r", " ").replace("\x1b", "\ufffd")
        assert decoded.endswith(shown)
