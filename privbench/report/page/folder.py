"""Puts a report in place whole, or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ... import __version__
from ...base.errors import PrivbenchError

MARKER = "privbench-report.json"
"""The file by which a folder is known as a report, which may be replaced by another one."""


@contextmanager
def put_in_place(path: Path) -> Iterator[Path]:
    """A new folder to write into, which takes the place of `path` when the block ends well, and vanishes otherwise.

    Raises PrivbenchError where something is in the way that is no report, before anything is written.
    """
    whole = path.resolve()
    _check_free(path)
    whole.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=whole.parent, prefix=f".{whole.name}.unfinished-") as scratch:
        part, old = Path(scratch) / "new", Path(scratch) / "old"
        part.mkdir()  # with the permissions of any new folder, which the scratch folder does not have
        yield part
        (part / MARKER).write_text(json.dumps({"privbench": __version__}), encoding="utf-8")
        _check_free(path)  # once more: some time has passed
        if whole.exists():
            whole.rename(old)
        try:
            part.rename(whole)
        except OSError:
            if old.exists():
                shutil.move(old, whole)
            raise


def _check_free(path: Path) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir():
        raise PrivbenchError(f"{path} is a file, where the report's folder belongs: choose another --out.")
    if any(path.iterdir()) and not (path / MARKER).is_file():
        raise PrivbenchError(f"{path} holds something else than a report of privbench: choose another --out.")
