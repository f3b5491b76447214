"""Images that tables list, as a data set: what the tables say is checked, and the files are found and read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from ..base.errors import PrivbenchError
from ..base.files import digest_of
from ..base.params import Params
from ..base.seeds import numpy_generator
from ..data.notices import SHOWN, Notice
from ..data.patients import each_its_own, patient_texts
from ..data.problems import Problem
from ..data.splits import MADE_FROM, SPACING
from ..data.squares import pixels_per_pixel
from ..data.table import checked_rows, kept_rows
from ..plugins.interfaces import Chunk, DataRequest, Dataset
from .file_problems import problems_of_files
from .folders import FoundFile, Missing, data_folder, find_files
from .image_names import resolve_names
from .listing import Listing, read_rows
from .radiographs import Collection, read_chunks, survey


class ListedParams(Params):
    missing: Missing = Field(
        "refuse", description="whether images that are listed and not there are refused, or left out with a warning"
    )
    test_share: float = Field(
        0.2, gt=0, lt=1, description="share of the patients that are drawn for the test where the table has no splits"
    )


class Listed(NamedTuple):
    """What a listing means, and the files of its images, by their paths, which are the images' names."""

    table: pd.DataFrame
    findings: tuple[str, ...]
    notices: tuple[Notice, ...]
    files: dict[str, FoundFile]
    digest: str


class ListedImages(Dataset):
    """Images that tables list below a folder; whatever else lies there is ignored.

    Where nothing tells splits, patients are drawn for the test, by the protocol's seed.
    """

    Params = ListedParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._found: dict[Path, dict[str, FoundFile]] = {}
        self._surveyed: dict[tuple[int, tuple[tuple[str, FoundFile], ...]], Collection] = {}

    @abstractmethod
    def listing(self, root: Path, request: DataRequest) -> Listing:
        """What the tables say of the images below the folder. Raises PrivbenchError where they say nothing."""

    def folder(self, request: DataRequest) -> Path:
        """The folder below which the images lie. Raises PrivbenchError where there is none."""
        return data_folder(request.root, self.name)

    def listed(self, request: DataRequest) -> Listed:
        """What is listed, read and found. Raises PrivbenchError for what is wrong with it, rows before files."""
        root = self.folder(request)
        listing = self.listing(root, request)
        texts = kept_rows(listing.texts, request.exclude)  # by their names in the table, or by their paths
        paths = texts["image"].map(resolve_names(root, texts["image"]))
        texts = kept_rows(texts.assign(image=paths), request.exclude)
        rows = read_rows(replace(listing, texts=texts))
        files = self._found[root] = find_files(root, rows.table["image"], self.params.missing)
        there, notices = rows.table["image"].isin(list(files)), list(rows.notices)
        if not there.any():
            raise PrivbenchError(f"No image that is listed lies below {root}: check --data-root.")
        if not there.all():
            text = f"{(~there).sum()} of {len(there)} images are listed and not there, and were left out"
            notices.append(Notice(text, tuple(rows.table.loc[~there, "image"])[:SHOWN]))
        table = rows.table[there].reset_index(drop=True)
        if not self.names_patients:
            table = each_its_own(table)
        return Listed(table, rows.findings, tuple(notices), files, listing.digest)

    def names_test(self, request: DataRequest) -> bool:
        return "split" in self.listed(request).table.columns

    def source(self, request: DataRequest) -> dict[str, Any]:
        listed = self.listed(request)
        told = [[name, file.size, file.changed] for name, file in sorted(listed.files.items())]
        return {"table": listed.digest, "files": digest_of(told)}

    def table(self, request: DataRequest) -> pd.DataFrame:
        listed = self.listed(request)
        for notice in listed.notices:
            request.notice(notice)
        table = self._with_splits(listed.table, request)
        checked_rows(table, listed.findings)  # before an image is opened
        collection = self._collection(listed.files, request)
        seen = [listed.files[name] for name in table["image"]]
        made_from = [f"{collection.depth} {file.mark}" for file in seen]
        return _with_spacing(table, collection, request).assign(**{MADE_FROM: made_from})

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        root = self.folder(request)
        files = self._found.get(root) or self.listed(request).files
        depth = self._collection(files, request).depth
        yield from read_chunks([root / name for name in table["image"]], None, depth, request)

    def file_problems(self, images: Sequence[str], request: DataRequest) -> Sequence[Problem]:
        root, missing = self.folder(request), self.params.missing
        return problems_of_files(root, images, missing, request)

    def _with_splits(self, table: pd.DataFrame, request: DataRequest) -> pd.DataFrame:
        if "split" in table.columns:
            if not table["split"].isin(["val", "train_val"]).any():
                request.notice(Notice("the table names no validation images: they are held out of the training ones"))
                return table.assign(split=table["split"].replace("train", "train_val"))
            return table
        texts = patient_texts(table["patient"])  # however many zeros stand before a number, the same are drawn
        patients = np.sort(texts.unique())
        count = max(1, round(self.params.test_share * len(patients)))
        who = "patients" if self.names_patients else "images"
        if count >= len(patients):
            raise PrivbenchError(
                f"Drawing {count} of {len(patients)} {who} for the test leaves none to train on: add {who}."
            )
        drawn = numpy_generator(request.seed, "table", "test patients").choice(patients, count, replace=False)
        request.notice(Notice(f"no splits are named: {count} of {len(patients)} {who} were drawn for the test"))
        return table.assign(split=np.where(texts.isin(drawn), "test", "train_val"))

    def _collection(self, files: Mapping[str, FoundFile], request: DataRequest) -> Collection:
        """All images that are listed, whichever are read; they are looked at once."""
        looked_at = request.size, tuple(files.items())  # what is too small hangs on the size
        if looked_at not in self._surveyed:
            paths = {name: file.path for name, file in files.items()}
            with ThreadPoolExecutor(request.workers) as pool:
                self._surveyed[looked_at] = survey(paths, request.size, pool, request.notice)
        return self._surveyed[looked_at]


def _with_spacing(table: pd.DataFrame, collection: Collection, request: DataRequest) -> pd.DataFrame:
    """The table with the millimetres per pixel at the wanted size in place of those of the files."""
    sides = collection.sides
    factors = np.array([pixels_per_pixel(*sides[name], request.fit, request.size) for name in table["image"]])
    told = [(place, column) for place, column in enumerate(SPACING) if column in table.columns]
    return table.assign(**{column: table[column] * factors[:, place] for place, column in told})
