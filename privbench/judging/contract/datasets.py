"""What a data set promises."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from ...base.errors import PrivbenchError
from ...data.patients import each_its_own
from ...data.splits import CELLS, hold_out_validation
from ...data.table import check_splits, checked_rows
from ...plugins.interfaces import Chunk, Dataset
from .promises import BrokenPromise, Promises, insist

_ROWS = 48
"""Images that are read; all would take as long as a run."""
_COPIED = 64 * 2**20
"""Bytes up to which a folder is copied to see whether a change of it is seen."""
_ARRAYS = ("images", "masks", "locations")


class DatasetPromises(Promises[Dataset]):
    """Of a data set: its table is sound, and it hands out the same images in whatever order it is asked for them."""

    kind = Dataset

    def promises(self) -> dict[str, Callable[[], None]]:
        return {
            "the source is told, and twice the same": self.source,
            "the source changes with the files": self.source_follows,
            "columns, labels, patients and splits of the table are sound": self.table,
            "the table is the same twice": self.table_repeats,
            "images, masks and locations are uint8 and of the right shape": self.shape,
            "images come in the order of the table, whatever that is": self.order,
            "the images are the same twice": self.images_repeat,
        }

    def prepare(self, state: dict[str, Tensor]) -> Dataset:
        return self.create()

    def observe(self, plugin: Dataset) -> dict[str, np.ndarray]:
        table = self._whole if plugin is self.ready else self._table(plugin)
        return {"table": _texts(table), **self._read(plugin, _sample(table))}

    @cached_property
    def ready(self) -> Dataset:
        return self.create()

    @cached_property
    def _whole(self) -> pd.DataFrame:
        return self._table(self.ready)

    @cached_property
    def _twin(self) -> tuple[Dataset, pd.DataFrame]:
        """Another instance with its table."""
        dataset = self.create()
        return dataset, self._table(dataset)

    def _table(self, dataset: Dataset) -> pd.DataFrame:
        """The table as a run sees it: each row in its split."""
        table = dataset.table(self.around.request)
        return hold_out_validation(table if dataset.names_patients else each_its_own(table), 0.25, 0)

    def _read(self, dataset: Dataset, table: pd.DataFrame) -> dict[str, np.ndarray]:
        """Everything that is handed out for those rows, by name. Shape: (N, …)."""
        chunks: list[Chunk] = list(dataset.read(table, self.around.request))
        insist(bool(chunks), "read() hands out nothing")
        found = {}
        for name in _ARRAYS:
            parts = [part for chunk in chunks if (part := getattr(chunk, name)) is not None]
            insist(len(parts) in (0, len(chunks)), f"{name} are given for some images alone: give all or none")
            if parts:
                found[name] = np.concatenate(parts)
        return found

    def source(self) -> None:
        first, again = (self.create().source(self.around.request) for _ in range(2))
        insist(first == again, f"once it is {first}, then {again}")

    def source_follows(self) -> None:
        """Where the data lies in a folder: once every file of it is longer, it is another source."""
        root = self.around.root
        if root is None or sum(file.stat().st_size for file in root.rglob("*") if file.is_file()) > _COPIED:
            return
        with tempfile.TemporaryDirectory() as name:
            copy = Path(shutil.copytree(root, Path(name) / "copy"))
            moved = replace(self.around.request, root=copy)
            before = self.create().source(moved)
            insist(before == self.create().source(self.around.request), "a copy in another folder is another source")
            for file in filter(Path.is_file, copy.rglob("*")):
                file.write_bytes(file.read_bytes() + b"\n")
            try:
                after = self.create().source(moved)
            except PrivbenchError:  # it saw that something is wrong
                return
            insist(before != after, "all files changed, and it stays the same: give their digests, or sizes and times")

    def table(self) -> None:
        insist(len(self._whole) > 0, "the table has no row")
        try:
            check_splits(checked_rows(self._whole, self.ready.findings), self.ready.findings)
        except PrivbenchError as error:
            raise BrokenPromise(str(error)) from error

    def table_repeats(self) -> None:
        first = _texts(self._whole)
        insist(np.array_equal(first, _texts(self._table(self.ready))), "asked again, it differs")
        insist(np.array_equal(first, _texts(self._twin[1])), "of another instance, it differs")

    def shape(self) -> None:
        rows, size = _sample(self._whole), self.around.request.size
        places = (len(self.ready.findings), CELLS, CELLS)
        shapes = {"images": (1, size, size), "masks": (1, size, size), "locations": places}
        for name, array in self._read(self.ready, rows).items():
            wanted = (len(rows), *shapes[name])
            found = f"{name} are {array.dtype} of {array.shape}, where uint8 of {wanted} belong"
            insist(array.dtype == np.uint8 and array.shape == wanted, found)

    def order(self) -> None:
        rows = _sample(self._whole)
        order = np.random.default_rng(0).permutation(len(rows))[: len(rows) // 2]
        found = self._read(self.ready, rows.iloc[order].reset_index(drop=True))
        for name, array in self._read(self.ready, rows).items():
            insist(_same(array[order], found.get(name)), f"of half the rows in another order, {name} are others")

    def images_repeat(self) -> None:
        rows, (twin, of_twin) = _sample(self._whole), self._twin
        first, again = self._read(self.ready, rows), self._read(self.ready, rows)
        other = self._read(twin, _sample(of_twin))
        for name, array in first.items():
            insist(_same(array, again.get(name)), f"asked again, {name} differ")
            insist(_same(array, other.get(name)), f"of another instance, {name} differ")


def _sample(table: pd.DataFrame) -> pd.DataFrame:
    """Rows spread over a table."""
    return table.iloc[np.unique(np.linspace(0, len(table) - 1, _ROWS).astype(int))].reset_index(drop=True)


def _same(first: np.ndarray, second: np.ndarray | None) -> bool:
    return second is not None and np.array_equal(first, second)


def _texts(table: pd.DataFrame) -> np.ndarray:
    """A table with its header as texts. Shape: (rows + 1, columns)."""
    return np.array([list(table.columns), *table.astype(str).to_numpy().tolist()], dtype=str)
