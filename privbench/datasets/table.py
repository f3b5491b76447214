"""Any radiographs that a table lists: a CSV, TSV or Parquet file, and the images that it names."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from ..base.errors import PrivbenchError
from ..base.files import digest_of, sha256
from ..base.params import Params
from ..base.seeds import numpy_generator
from ..data.notices import SHOWN, Notice
from ..data.patients import patient_texts
from ..data.problems import DataError, Problem, raise_problems
from ..data.splits import COLUMNS, MADE_FROM, SPACING
from ..data.squares import pixels_per_pixel
from ..data.table import OLDEST, known
from ..plugins.interfaces import Chunk, DataRequest, Dataset
from . import cells
from .findings import FINDINGS
from .folders import FoundFile, data_folder, find_files
from .radiographs import Collection, read_chunks, survey
from .spreadsheets import ENDINGS, read_texts

_FIELDS = (*COLUMNS, *SPACING)
_REQUIRED = ("image", "patient")
_UNKNOWN = {
    "age": f"ages that are no number of years up to {OLDEST}",
    "sex": "a sex that is neither M nor F",
    "view": "a view that is neither PA nor AP",
}
"""What is told of texts that count as unknown, by the column. They may hold anything, so they are not told."""


class TableParams(Params):
    FIELDS: ClassVar[tuple[str, ...]] = _FIELDS
    """What the table may hold beside findings; of it what it has to hold, and what somebody is called by."""
    REQUIRED: ClassVar[tuple[str, ...]] = _REQUIRED
    IDENTIFIERS: ClassVar[tuple[str, ...]] = ("patient", "study")

    table_file: Path | None = Field(
        None, exclude=True, description="the table, below the data's folder; else the only one that lies in it"
    )
    columns: dict[str, str] = Field(
        {}, description="what the table calls a column, by its name here; the others are called as here"
    )
    findings: tuple[str, ...] = Field(
        (), description="the columns of findings; else those of ChestX-ray14's that the table has"
    )
    uncertain: cells.Uncertain = Field("unknown", description="what a label of -1 counts as")
    test_share: float = Field(
        0.2, gt=0, lt=1, description="share of the patients that are drawn for the test where the table has no splits"
    )

    @field_validator("findings")
    @classmethod
    def _named(cls, findings: tuple[str, ...]) -> tuple[str, ...]:
        taken = {*_FIELDS, *cls.FIELDS}
        if wrong := [name for name in findings if not name.strip() or name in taken or findings.count(name) > 1]:
            raise ValueError(f"{wrong[0]!r} stands twice, or cannot be the name of a finding: choose others")
        return findings

    @model_validator(mode="after")
    def _mapped(self) -> TableParams:
        names = [*self.FIELDS, *(self.findings or FINDINGS)]
        if unknown := [name for name in self.columns if name not in names]:
            raise ValueError(f"columns: {unknown[0]!r} is none of {', '.join(names)}")
        return self


class TableDataset(Dataset):
    """One row an image, whose column `image` is the image's path below the data's folder; see docs/data.md.

    A table without splits is split by patient, by the protocol's seed. Images that it does not list are ignored.
    """

    name = "table"
    Params = TableParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._findings: tuple[str, ...] = self.params.findings
        self._found: dict[Path, dict[str, FoundFile]] = {}
        self._surveyed: dict[tuple[int, tuple[tuple[str, FoundFile], ...]], Collection] = {}

    @property
    def findings(self) -> tuple[str, ...]:  # type: ignore[override]  # it is the table that tells
        """Those that are asked for, else those that were found when the table was read."""
        if not self._findings:
            raise PrivbenchError(
                f"The data set {self.name} learns its findings from its table: list them in its findings."
            )
        return self._findings

    def source(self, request: DataRequest) -> dict[str, Any]:
        root, path = self._places(request)
        files = self._find(root, self._texts(path, request))
        told = [[name, file.size, file.changed] for name, file in sorted(files.items())]
        return {"table": sha256(path), "files": digest_of(told)}

    def table(self, request: DataRequest) -> pd.DataFrame:
        root, path = self._places(request)
        texts = self._texts(path, request)
        files = self._find(root, texts)
        table = self._read(texts.set_index("image", drop=False), request)
        collection = self._collection(files, request)
        seen = [files[name] for name in table["image"]]
        made_from = [f"{collection.depth} {file.size} {file.changed}" for file in seen]
        return self._with_spacing(table.reset_index(drop=True), collection, request).assign(**{MADE_FROM: made_from})

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        root, path = self._places(request)
        files = self._found.get(root) or self._find(root, self._texts(path, request))
        depth = self._collection(files, request).depth
        yield from read_chunks([root / name for name in table["image"]], None, depth, request)

    def _places(self, request: DataRequest) -> tuple[Path, Path]:
        """The folder and the table. Raises PrivbenchError where either cannot be told."""
        named: Path | None = self.params.table_file
        if request.root is None and named is not None:
            return named.parent, named
        root = data_folder(request.root, self.name)
        if named is not None:
            if named.is_absolute() or ".." in named.parts:
                raise PrivbenchError(
                    f"The table {named} does not lie below {root}: name it by its path there, or leave out --data-root "
                    "where the images lie beside it."
                )
            return root, root / named
        tables = sorted(file.name for file in root.iterdir() if file.suffix.lower() in ENDINGS)
        if len(tables) != 1:
            told = f"more than one table ({', '.join(tables)})" if tables else f"no table ({', '.join(ENDINGS)})"
            raise PrivbenchError(f"There is {told} in {root}: name one with --set data.params.table_file=NAME.")
        return root, root / tables[0]

    def _texts(self, path: Path, request: DataRequest) -> pd.DataFrame:
        """The columns by their names here, as texts, of the images that are kept; and the findings become known."""
        fields, told = self.params.FIELDS, self.params.findings or FINDINGS
        names = {name: self.params.columns.get(name, name) for name in (*fields, *told)}
        texts = read_texts(path, [names[name] for name in self.params.IDENTIFIERS])
        wanted = {*self.params.REQUIRED, *self.params.columns, *self.params.findings}
        if missing := [name for name in names if name in wanted and names[name] not in texts.columns]:
            raise PrivbenchError(
                f"{path} has no column {' and no '.join(repr(names[name]) for name in missing)}: say which it is, such "
                f"as --column {missing[0]}=NAME, of {', '.join(texts.columns)}."
            )
        there = {name: theirs for name, theirs in names.items() if theirs in texts.columns}
        self._findings = tuple(name for name in there if name not in fields)
        if not self._findings:
            raise PrivbenchError(
                f"{path} has no column of a finding of ChestX-ray14, such as {FINDINGS[0]}: list its findings with "
                """--set 'data.params.findings=["…"]'."""
            )
        whole = pd.DataFrame({name: texts[theirs] for name, theirs in there.items()})
        return whole[request.exclude.keeps(whole["image"])] if "image" in whole.columns else whole

    def _read(self, texts: pd.DataFrame, request: DataRequest) -> pd.DataFrame:
        """What the texts tell, by the rules of `cells`. Raises DataError for all that break them."""
        readers = {
            "image": lambda column: column,
            "patient": lambda column: column,
            "study": cells.read_studies,
            "follow_up": lambda column: cells.read_order(column, texts["patient"]),
            "age": cells.read_ages,
            "sex": cells.read_sexes,
            "view": cells.read_views,
            "split": cells.read_splits,
            **dict.fromkeys(SPACING, cells.read_spacings),
            **dict.fromkeys(self._findings, lambda column: cells.read_labels(column, self.params.uncertain)),
        }
        columns: dict[Hashable, pd.Series] = {}
        problems: list[Problem] = []
        for name, column in texts.items():
            try:
                columns[name] = readers[str(name)](column)
            except DataError as error:
                problems += error.problems
        raise_problems(problems)
        table = pd.DataFrame(columns)
        for name in [name for name in _UNKNOWN if name in table.columns]:
            _tell_unknown(texts[name], table[name], request)
        return self._with_splits(table, request)

    def _with_splits(self, table: pd.DataFrame, request: DataRequest) -> pd.DataFrame:
        if "split" in table.columns:
            if not table["split"].isin(["val", "train_val"]).any():
                request.notice(Notice("the table names no validation images: they are held out of the training ones"))
                return table.assign(split=table["split"].replace("train", "train_val"))
            return table
        texts = patient_texts(table["patient"])  # however many zeros stand before a number, the same are drawn
        patients = np.sort(texts.unique())
        count = max(1, round(self.params.test_share * len(patients)))
        if count >= len(patients):
            raise PrivbenchError(
                f"Drawing {count} of {len(patients)} patients for the test leaves none to train on: add patients."
            )
        drawn = numpy_generator(request.seed, "table", "test patients").choice(patients, count, replace=False)
        request.notice(Notice(f"no splits are named: {count} of {len(patients)} patients were drawn for the test"))
        return table.assign(split=np.where(texts.isin(drawn), "test", "train_val"))

    def _with_spacing(self, table: pd.DataFrame, collection: Collection, request: DataRequest) -> pd.DataFrame:
        """The table with the millimetres per pixel at the wanted size in place of those of the files."""
        factors = [pixels_per_pixel(*collection.sides[name], request.fit, request.size) for name in table["image"]]
        across = {column: table[column] * factor for column, factor in zip(SPACING, np.transpose(factors), strict=True)
                  if column in table.columns}  # fmt: skip
        return table.assign(**across)

    def _find(self, root: Path, texts: pd.DataFrame) -> dict[str, FoundFile]:
        """The files that are listed, which `read` need not find again."""
        self._found[root] = find_files(root, texts["image"])
        return self._found[root]

    def _collection(self, files: Mapping[str, FoundFile], request: DataRequest) -> Collection:
        """All images that are listed, whichever are read; they are looked at once."""
        looked_at = request.size, tuple(files.items())  # what is too small hangs on the size
        if looked_at not in self._surveyed:
            paths = {name: file.path for name, file in files.items()}
            with ThreadPoolExecutor(request.workers) as pool:
                self._surveyed[looked_at] = survey(paths, request.size, pool, request.notice)
        return self._surveyed[looked_at]


def _tell_unknown(texts: pd.Series, read: pd.Series, request: DataRequest) -> None:
    """Tells how many texts of a column could not be read."""
    lost = known(texts.str.strip()) & ~known(read)
    if lost.any():
        request.notice(
            Notice(
                f"{lost.sum()} of {len(read)} images have {_UNKNOWN[str(texts.name)]}, taken for unknown",
                tuple(read.index[lost])[:SHOWN],
            )
        )
