"""Reads the images of a data set: chunk by chunk, all that are broken told together, and none decoded twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..data.arrays import check_rows
from ..data.decoded import DecodedImages
from ..data.patients import each_its_own
from ..data.problems import UNREADABLE, Problem, raise_problems
from ..data.splits import CELLS, MADE_FROM
from ..data.table import checked_rows, kept_rows
from ..plugins.interfaces import Chunk, DataRequest, Dataset
from .stage_names import IMAGES_FILE

FILES = {"images": IMAGES_FILE, "masks": "masks.npy", "locations": "locations.npy"}
"""Where the arrays of a Chunk lie."""


@dataclass(frozen=True)
class Kept:
    """Where decoded images are kept for whoever goes on from there.

    `source` tells the data set's source from others; `stage` is the one that they are for, by its path in the store.
    """

    decoded: DecodedImages
    source: str
    stage: str

    def marks(self, table: pd.DataFrame) -> list[str]:
        """What each image of a table is made from, by its name: its own mark, or the whole source where it has none."""
        own = table[MADE_FROM] if MADE_FROM in table.columns else pd.Series(index=table.index, dtype=object)
        return [f"{image} {mark}" for image, mark in zip(table["image"], own.fillna(self.source), strict=True)]


@contextmanager
def kept_nowhere(folder: Path) -> Iterator[Kept]:
    """A place below a folder that nobody goes on from, and that vanishes."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        yield Kept(DecodedImages(Path(scratch) / "decoded"), "", "")


def sound_table(dataset: Dataset, request: DataRequest) -> pd.DataFrame:
    """A data set's table as `checked_rows` gives it, without the images that are left out.

    Raises PrivbenchError where it is not sound, or names of what is to be left out are those of no image.
    """
    table = kept_rows(dataset.table(request), request.exclude)
    if not dataset.names_patients and "image" in table.columns:
        table = each_its_own(table)
    table = checked_rows(table, dataset.findings)
    request.exclude.check()
    return table


def decode(dataset: Dataset, table: pd.DataFrame, request: DataRequest, kept: Kept) -> None:
    """Reads the images of a table that nobody has decoded yet, and keeps them.

    Raises DataError for all that cannot be read; all others are kept.
    """
    marks = kept.marks(table)
    missing = [row for row, mark in enumerate(marks) if mark not in kept.decoded]
    if len(missing) == len(marks):
        kept.decoded.forget()
    problems = _kept_of(dataset, table, marks, missing, request, kept)
    if problems is None:
        kept.decoded.forget()
        problems = _kept_of(dataset, table, marks, list(range(len(marks))), request, kept)
    raise_problems(problems or [])


def _kept_of(
    dataset: Dataset, table: pd.DataFrame, marks: list[str], missing: list[int], request: DataRequest, kept: Kept
) -> list[Problem] | None:
    """Keeps the missing rows of a table, and tells what is wrong; None where what is kept has other arrays."""
    problems: list[Problem] = []
    if missing:
        for rows, chunk in chunks_of(dataset, table.iloc[missing].reset_index(drop=True), request):
            if not kept.decoded.takes(arrays_of(chunk)):
                return None
            problems += broken_images(rows, chunk)
            sound = [place for place in range(len(rows)) if place not in chunk.broken]
            told = [marks[missing[row]] for row in rows.index[sound]]
            kept.decoded.append({name: array[sound] for name, array in arrays_of(chunk).items()}, told)
    return problems


def chunks_of(dataset: Dataset, table: pd.DataFrame, request: DataRequest) -> Iterator[tuple[pd.DataFrame, Chunk]]:
    """What a data set hands out of a table's rows, beside those rows. Raises PrivbenchError where that is no sense."""
    image = (1, request.size, request.size)
    shapes = {"images": image, "masks": image, "locations": (len(dataset.findings), CELLS, CELLS)}
    known: set[str] = set()
    done = 0
    for chunk in dataset.read(table, request):
        arrays = arrays_of(chunk)
        if changed := (known or set(arrays)) ^ set(arrays):
            raise PrivbenchError(
                f"The data set {dataset.name} gives {min(changed)} for some images alone: give all or none."
            )
        known, first, done = set(arrays), done, done + len(chunk.images)
        for name, array in arrays.items():
            check_rows(FILES[name], array, shapes[name])
            if len(array) != len(chunk.images) or done > len(table):
                raise _miscounted(name, first + len(array), len(table))
        yield table.iloc[first:done], chunk
    if not known:
        raise PrivbenchError(
            f"The data set {dataset.name} lists {len(table)} images and hands out none: mend its read()."
        )
    if done < len(table):
        raise _miscounted("images", done, len(table))


def _miscounted(name: str, rows: int, wanted: int) -> PrivbenchError:
    return PrivbenchError(f"{FILES[name]} was handed {rows} of {wanted} rows: mend the plugin that made them.")


def arrays_of(chunk: Chunk) -> dict[str, np.ndarray]:
    """The arrays that a chunk has, by name."""
    return {name: array for name in FILES if (array := getattr(chunk, name)) is not None}


def broken_images(rows: pd.DataFrame, chunk: Chunk) -> list[Problem]:
    """What is wrong with the images of a chunk that could not be read."""
    return [Problem(UNREADABLE, text, (rows["image"].iloc[place],)) for place, text in sorted(chunk.broken.items())]
