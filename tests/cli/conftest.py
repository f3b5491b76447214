"""The command line from inside a test."""

import sys
from typing import NamedTuple

import pytest

from privbench.cli import main


class Answer(NamedTuple):
    """What a command ended with; the texts without their line breaks, which the terminal's width decides."""

    code: int
    out: str
    err: str


@pytest.fixture
def privbench(monkeypatch, capsys):
    """Carries out `privbench …` as on a terminal of 200 columns."""

    def run(*arguments) -> Answer:
        monkeypatch.setattr(sys, "argv", ["privbench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main()
        printed = capsys.readouterr()
        return Answer(exit_.value.code or 0, " ".join(printed.out.split()), " ".join(printed.err.split()))

    return run
