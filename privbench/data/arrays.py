"""uint8 arrays of images, masks or locations on disk: written in order, read as memory maps."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..base.errors import PrivbenchError


class ArrayWriter:
    """Writes a .npy file chunk by chunk; a context manager that insists on every announced row.

    Plain writes, because a full disk is then an error that can be told; through a memory map it kills the process.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._path, self._shape, self._rows = path, shape, 0

    def __enter__(self) -> ArrayWriter:
        self._file = self._path.open("wb")
        write_header(self._file, self._shape)
        return self

    def append(self, rows: np.ndarray) -> None:
        """Adds rows. Shape: (n, *shape[1:]), uint8."""
        check_rows(self._path.name, rows, self._shape[1:])
        self._file.write(np.ascontiguousarray(rows).data)
        self._rows += len(rows)

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if failure is None and self._rows != self._shape[0]:
            raise PrivbenchError(
                f"{self._path.name} was handed {self._rows} of {self._shape[0]} rows: mend the plugin that made them."
            )


def write_header(file: BinaryIO, shape: tuple[int, ...]) -> int:
    """Writes where the file stands what begins a .npy file of uint8; as many bytes, which come back, for any rows."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    before = file.tell()
    np.lib.format.write_array_header_1_0(file, header)
    return file.tell() - before


def check_rows(name: str, rows: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raises PrivbenchError unless each of the rows, which are to be called so, is uint8 of that shape."""
    if rows.dtype != np.uint8 or rows.shape[1:] != shape:
        raise PrivbenchError(
            f"{name} takes uint8 rows of {shape} and was handed {rows.dtype} of {rows.shape[1:]}: "
            "mend the plugin that made them."
        )


def read_array(path: Path) -> np.ndarray:
    """A read-only memory map of the array."""
    return np.load(path, mmap_mode="r", allow_pickle=False)
