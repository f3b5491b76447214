"""uint8 arrays of images, masks or locations on disk: written in order, read as memory maps."""

from __future__ import annotations

from pathlib import Path

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
        header = {"descr": "|u1", "fortran_order": False, "shape": self._shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self

    def append(self, rows: np.ndarray) -> None:
        """Adds rows. Shape: (n, *shape[1:]), uint8."""
        if rows.dtype != np.uint8 or rows.shape[1:] != self._shape[1:]:
            raise PrivbenchError(
                f"{self._path.name} takes uint8 rows of {self._shape[1:]} and was handed {rows.dtype} of "
                f"{rows.shape[1:]}: mend the plugin that made them."
            )
        self._file.write(np.ascontiguousarray(rows).data)
        self._rows += len(rows)

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if failure is None and self._rows != self._shape[0]:
            raise PrivbenchError(
                f"{self._path.name} was handed {self._rows} of {self._shape[0]} rows: mend the plugin that made them."
            )


def read_array(path: Path) -> np.ndarray:
    """A read-only memory map of the array."""
    return np.load(path, mmap_mode="r", allow_pickle=False)
