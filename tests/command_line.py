"""The command line from inside a test."""

from __future__ import annotations

import sys

import pytest

from privbench.cli import main


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object, columns: int = 200) -> int:
    """Carries out `privbench …` as on a terminal so many columns wide; returns the exit status."""
    monkeypatch.setattr(sys, "argv", ["privbench", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as exit_:
        main()
    code = exit_.value.code
    assert code is None or isinstance(code, int)
    return code or 0
