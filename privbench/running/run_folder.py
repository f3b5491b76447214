"""The run folder: put in place whole when the run is finished, and not before."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..base.progress import log
from ..record.run import FILE, read_run

LOG = "log.txt"


class RunFolder:
    """Where a run goes."""

    def __init__(self, path: Path, key: str, overwrite: bool) -> None:
        """Raises PrivbenchError where something else is in the way.

        Args:
            path: the folder.
            key: of the run that goes there; a run of the same key may be replaced.
            overwrite: another run may be replaced too.
        """
        self.path, self._key, self._overwrite = path, key, overwrite
        whole = path.resolve()
        self._part = whole.with_name(f".{whole.name}.unfinished")
        self._old = whole.with_name(f".{whole.name}.replaced")
        # Beside the folder it would stay for ever; in the store it would not keep two stores' runs apart.
        self._lock = Path(tempfile.gettempdir()) / f"privbench-{digest_of(str(whole))[:24]}.lock"
        self._check_free()

    def _check_free(self) -> None:
        if not self.path.exists():
            return
        if not (self.path / FILE).is_file():
            raise PrivbenchError(f"{self.path} exists and is no run folder: choose another --out.")
        if not self._overwrite and read_run(self.path).key != self._key:
            raise PrivbenchError(
                f"{self.path} holds another run: choose another --out, or replace it with --overwrite."
            )

    @contextmanager
    def filled(self) -> Iterator[Path]:
        """A folder to write into, with the log of the block; it is put in place when the block ends well."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            shutil.rmtree(self._part, ignore_errors=True)
            self._part.mkdir(parents=True)
            try:
                with _log_to(self._part / LOG):
                    yield self._part
                self._put_in_place()
            finally:
                shutil.rmtree(self._part, ignore_errors=True)

    def _put_in_place(self) -> None:
        """Renames; an older run in the way is moved aside first and deleted last."""
        self._check_free()  # once more: hours may have passed
        shutil.rmtree(self._old, ignore_errors=True)
        if self.path.exists():
            self.path.rename(self._old)
        self._part.rename(self.path)
        shutil.rmtree(self._old, ignore_errors=True)


def folder_name(anonymizer: str, told: Mapping[str, Any], more: Sequence[str]) -> str:
    """A name that tells the method, the plain values of what was said of it, and more words."""
    params = [f"{name}{value}" for name, value in told.items() if not isinstance(value, dict | list)]
    words = [anonymizer, *params, *more]
    return "-".join("".join(c if c.isalnum() or c in "._" else "-" for c in word) for word in words)


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        handler.close()
