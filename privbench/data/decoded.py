"""Arrays of images that take hours to decode, kept in a folder that outlasts whoever decodes them.

Rows stand in the order in which they came, each under a mark that tells what it was made from, so that they are found
again when a table has another order, or fewer rows. A chunk counts once it is on disk for good: a line of the index,
written after it, holds its marks and digests. Whatever does not fit its digest is cut off with all that follows.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..base.folders import flush_folder, make_private
from ..base.locks import locked, locked_if_left
from .arrays import ArrayWriter, check_rows, read_array, write_header

_INDEX, _STAGE = "index.jsonl", "stage"
_DAYS = 7
"""After so many without a new row nobody is taken to go on from there."""
_BLOCK = 256  # rows that are copied at once
_SOON = 0.02  # seconds


class DecodedImages:
    """The rows that are there, and a way to add to them; for as long as `opened` lets nobody else do so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._rows: dict[str, int] = {}
        self._count = 0
        if not (folder / _INDEX).is_file():
            shutil.rmtree(folder, ignore_errors=True)
            make_private(folder)
            (folder / _INDEX).touch()
            flush_folder(folder)
        self._restore()

    def __contains__(self, mark: str) -> bool:
        return mark in self._rows

    def takes(self, arrays: Mapping[str, np.ndarray]) -> bool:
        """Whether a chunk of these arrays, of shape (n, …) each, goes with what is here."""
        return not self._shapes or self._shapes == {name: rows.shape[1:] for name, rows in arrays.items()}

    def forget(self) -> None:
        """Begins anew: nothing that is here serves."""
        os.truncate(self._folder / _INDEX, 0)
        for name in self._shapes:
            self._file(name).unlink(missing_ok=True)
        self._shapes, self._rows, self._count = {}, {}, 0

    def append(self, arrays: Mapping[str, np.ndarray], marks: Sequence[str]) -> None:
        """Adds a chunk for good. The first one decides which arrays there are, and their shapes.

        Args:
            arrays: by name. Shape: (n, …), uint8.
            marks: n of them; one that is there already is another row, and the older one is forgotten.
        """
        if not self._shapes:
            shapes = {name: rows.shape[1:] for name, rows in arrays.items()}
            self._note({"shapes": shapes})
            self._shapes = shapes
        digests = {}
        for name, shape in self._shapes.items():
            check_rows(name, arrays[name], shape)
            content = np.ascontiguousarray(arrays[name]).data
            digests[name] = hashlib.blake2b(content, digest_size=16).hexdigest()
            self._unshare(name)
            with self._file(name).open("r+b" if self._file(name).exists() else "wb") as file:
                write_header(file, (0, *shape))
                file.seek(self._place(name, self._count))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        (self._folder / _STAGE).unlink(missing_ok=True)  # all is unshared: what is here is used up no more
        self._note({"marks": list(marks), "digests": digests})
        self._take(marks)

    def deliver(self, marks: Sequence[str], files: Mapping[str, Path], stage: str = "") -> None:
        """Puts the rows of those marks, in their order, into a .npy file for each array that there is.

        Where they are all rows as they stand, that is a second name of the same file, and nothing is copied.

        Args:
            marks: any that are here.
            files: where the arrays go, by name.
            stage: by its path in the store, two folders above: once it is there, what is here is used up.
        """
        rows = np.array([self._rows[mark] for mark in marks])
        whole = np.array_equal(rows, np.arange(self._count))
        (self._folder / _STAGE).write_text(stage, encoding="utf-8")
        for name in self._shapes:
            self._deliver(name, rows, whole, files[name])

    def _deliver(self, name: str, rows: np.ndarray, whole: bool, target: Path) -> None:
        self._unshare(name)
        with self._file(name).open("r+b") as file:
            write_header(file, (self._count, *self._shapes[name]))
        if whole and _linked(self._file(name), target):
            return
        array = read_array(self._file(name))
        with ArrayWriter(target, (len(rows), *self._shapes[name])) as writer:
            for first in range(0, len(rows), _BLOCK):
                writer.append(array[rows[first : first + _BLOCK]])

    def _unshare(self, name: str) -> None:
        """Copies a file that a stage, which may not be in place yet, has by a second name: it stays as it was given."""
        file = self._file(name)
        if file.exists() and file.stat().st_nlink > 1:
            copy = file.with_suffix(".part")
            shutil.copyfile(file, copy)
            copy.replace(file)

    def _restore(self) -> None:
        """Finds out what is there, chunk by chunk, and cuts off what is not as it was written."""
        index = self._folder / _INDEX
        sound = 0
        with index.open("rb") as lines:
            for line in lines:
                if (told := _read_line(line)) is None or not self._holds(told):
                    break
                if "shapes" in told:
                    self._shapes = {name: tuple(shape) for name, shape in told["shapes"].items()}
                else:
                    self._take(told["marks"])
                sound += len(line)
        os.truncate(index, sound)
        for name in self._shapes:
            file, length = self._file(name), self._place(name, self._count)
            if file.exists() and file.stat().st_size != length:
                self._unshare(name)
                os.truncate(file, length)

    def _holds(self, told: Mapping[str, Any]) -> bool:
        """Whether the chunk of a line is on disk as it was."""
        for name, digest in told.get("digests", {}).items():
            length = len(told["marks"]) * int(np.prod(self._shapes[name]))
            try:
                with self._file(name).open("rb") as file:
                    file.seek(self._place(name, self._count))
                    content = file.read(length)
            except FileNotFoundError:
                return False
            if len(content) != length or hashlib.blake2b(content, digest_size=16).hexdigest() != digest:
                return False
        return True

    def _take(self, marks: Sequence[str]) -> None:
        self._rows |= {mark: self._count + place for place, mark in enumerate(marks)}
        self._count += len(marks)

    def _note(self, told: Mapping[str, Any]) -> None:
        """Adds a line to the index for good."""
        text = json.dumps(told)
        with (self._folder / _INDEX).open("a", encoding="utf-8") as file:
            file.write(f"{_digest(text)} {text}\n")
            file.flush()
            os.fsync(file.fileno())

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.npy"

    def _place(self, name: str, row: int) -> int:
        """Where a row begins, in bytes."""
        return write_header(io.BytesIO(), (0, *self._shapes[name])) + row * int(np.prod(self._shapes[name]))


@contextmanager
def opened(folder: Path) -> Iterator[DecodedImages]:
    """What was decoded in a folder, which is made where there is none; all others wait until the block ends."""
    if not folder.parent.exists():
        make_private(folder.parent)
    with locked(_lock(folder), "waiting for another run that decodes the same images"):
        if _used_up(folder):
            shutil.rmtree(folder)
        yield DecodedImages(folder)


def clear(place: Path) -> None:
    """Removes those of a place's folders whose images went into a stage that is there, or that nobody uses and are old.

    Whoever is about to remove the former is waited for: a file of the stage loses its second name by that, which must
    not look like a change to who reads the stage from now on.
    """
    for folder in [path for path in place.glob("*") if path.is_dir()]:
        with suppress(OSError):  # where nothing may be written, all stays
            while (used_up := _used_up(folder)) or _is_old(folder):
                with _left(_lock(folder)) as left:
                    if left:
                        shutil.rmtree(folder, ignore_errors=True)
                if left or not used_up:
                    break
                time.sleep(_SOON)


def _is_old(folder: Path) -> bool:
    return time.time() - (folder / _INDEX).stat().st_mtime > _DAYS * 24 * 3600


@contextmanager
def _left(lock: Path) -> Iterator[bool]:
    """Whether nobody holds the lock, which nobody else takes while the block lasts."""
    if lock.exists():
        with locked_if_left(lock) as left:
            yield left
    else:
        with locked(lock, "waiting for a run that decodes images"):
            yield True


def _used_up(folder: Path) -> bool:
    """Whether the images went into a stage that is there."""
    told = folder / _STAGE
    stage = told.read_text(encoding="utf-8") if told.is_file() else ""
    return bool(stage) and (folder.parents[1] / stage).exists()


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _linked(file: Path, target: Path) -> bool:
    """Gives a file a second name; False where its disk knows none."""
    try:
        os.link(file, target)
    except OSError:
        return False
    return True


def _read_line(line: bytes) -> dict[str, Any] | None:
    """What a line of the index tells; None where it is torn."""
    digest, _, text = line.decode("utf-8", errors="replace").rstrip("\n").partition(" ")
    if not line.endswith(b"\n") or digest != _digest(text):
        return None
    told: dict[str, Any] = json.loads(text)
    return told


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
