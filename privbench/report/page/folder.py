"""Puts a report in place whole, or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from ..marked import marked_folder

MARKER = "privbench-report.json"
"""The file by which a folder is known as a report, which may be replaced by another one."""


def put_in_place(path: Path) -> AbstractContextManager[Path]:
    """A new folder for a report, as `marked_folder`."""
    return marked_folder(path, MARKER, "report")
