"""The run folder: put in place whole when the run is finished, and not before."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..base.errors import PrivbenchError, disk_errors_of, some_of
from ..base.marking import listed, mark, marked
from ..base.placing import OPTION, Place, changed
from ..base.progress import informed, log
from ..record.run import FILE, RunRecord, read_run
from ..record.shared import Withheld

LOG = "log.txt"
MARKER = "privbench-run.json"
"""Lists all files of a run folder, the record and the log too, so that an edit of any is seen before it is replaced."""


class RunFolder:
    """Where a run goes."""

    def __init__(self, path: Path, key: str, overwrite: bool) -> None:
        """Raises PrivbenchError where something is in the way that may not be replaced.

        Args:
            path: the folder.
            key: of the run that goes there; a run of the same key may be replaced where nobody edited its files.
            overwrite: edited files and other runs may be replaced too.
        """
        self.path, self._key, self._overwrite = path, key, overwrite
        self._place = Place(path, _written)
        self._check()

    def _check(self) -> None:
        place, path = self._place, self.path
        if place.is_free:
            return
        if not (place.whole / FILE).is_file():
            raise PrivbenchError(f"{path} exists and is no run folder: choose another {OPTION}.")
        record = _record(place.whole) if self._overwrite else read_run(place.whole)
        same = record is not None and record.key == self._key
        if record is not None and not self._overwrite:
            if not same:
                raise PrivbenchError(
                    f"{path} holds another run ({record.label}, of {record.created}): "
                    f"choose another {OPTION}, or replace it with --overwrite."
                )
            if edited := changed(place.whole, listed(place.whole, MARKER) or record.files):
                raise PrivbenchError(
                    f"Since the run in {path} was written, {some_of(edited)} changed: "
                    f"choose another {OPTION}, or replace it with --overwrite."
                )
        # What belongs to the same run is carried over; beside another one it would stand beside the wrong figures.
        if not same and (others := place.not_written()):
            raise PrivbenchError(
                f"{path} holds {some_of(others)}, which its run's record does not list: "
                f"move that away, or choose another {OPTION}."
            )

    @contextmanager
    def filled(self, title: str) -> Iterator[Path]:
        """A folder to write into, with the log of the block; it is put in place when the block ends well.

        What is logged of other runs than the one of that title is left out.
        """
        waiting = f"waiting for another run that fills {self.path}"
        with self._place.filled(self._check, waiting) as part:
            with _log_to(part / LOG, self._place.whole, title):
                yield part
            mark(part, MARKER)


def withheld_from(folder: Path) -> tuple[Withheld, ...]:
    """What a run's folder lacks because it was shared; nothing of one that is whole.

    Raises PrivbenchError where it tells something else.
    """
    told = marked(folder, MARKER).get("withheld", [])
    try:
        return tuple(map(Withheld, told))
    except (TypeError, ValueError) as error:
        raise PrivbenchError(
            f"{folder / MARKER} tells that something was withheld which never is ({error}): ask for the run again."
        ) from error


def folder_name(anonymizer: str, told: Mapping[str, Any], more: Sequence[str]) -> str:
    """A name that tells the method, the plain values of what was said of it, and more words."""
    params = [f"{name}{value}" for name, value in told.items() if not isinstance(value, dict | list)]
    words = [anonymizer, *params, *more]
    return "-".join("".join(c if c.isalnum() or c in "._" else "-" for c in word) for word in words)


def _written(folder: Path) -> set[str]:
    """What runs wrote into a folder, as far as its record tells: runs of old schemas list no files."""
    record = _record(folder)
    return {MARKER, FILE, LOG, *(record.files if record else ())}


def _record(folder: Path) -> RunRecord | None:
    try:
        return read_run(folder)
    except PrivbenchError:
        return None


class _LogFile(logging.FileHandler):
    """Raises what other handlers print, such as a full disk."""

    def __init__(self, path: Path, place: Path) -> None:
        super().__init__(path, encoding="utf-8")
        self._place = place

    def handleError(self, record: logging.LogRecord) -> None:
        with disk_errors_of(self._place, OPTION):
            raise


@contextmanager
def _log_to(path: Path, place: Path, title: str) -> Iterator[None]:
    handler = _LogFile(path, place)
    handler.addFilter(lambda record: title in getattr(record, "goals", [title]))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        with informed():
            yield
    finally:
        log.removeHandler(handler)
        handler.close()
