"""Any radiographs that a table lists: a CSV, TSV or Parquet file, and the images that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field, field_validator, model_validator

from ..base.errors import PrivbenchError, nearest, raise_all
from ..data.notices import Notice
from ..plugins.interfaces import DataRequest
from . import cells
from .columns import alike, column_of, picked, refuse_findings
from .findings import FINDINGS
from .folders import data_folder
from .listed_images import Listed, ListedImages, ListedParams
from .listing import FIELDS, Listing
from .spreadsheets import ENDINGS, is_spreadsheet, read_spreadsheet, table_below

_REQUIRED = ("image", "patient")
_OF_PATIENTS = ("patient", "study", "follow_up")
"""Columns that mean nothing where nobody knows whose an image is."""
_SOME = 20
"""Texts of a column that are told at the most where none of it is meant."""
_NAMES_PATIENTS = re.compile(r"(patient|subject|person|mrn)[ _-]*(id|identifier|no|nr|number|name|key|code)?", re.I)
"""Headers of columns that are likely to tell whose an image is."""
_PLACE = re.compile(r"\{([^{}]+)\}")


class TableParams(ListedParams):
    table_file: Path | None = Field(
        None, exclude=True, description="the table, below the data's folder; else the only one that lies in it"
    )
    columns: dict[str, str] = Field(
        {},
        description="what the table calls a column, by its name here, nothing where it has none; the others are called "
        "as here",
    )
    patients: Literal["named", "unknown"] = Field(
        "named", description="unknown: nobody knows which images are of one patient, so that utility alone is judged"
    )
    path: str | None = Field(
        None, description="the path of an image, with columns of the table in braces; else what the column image holds"
    )
    only: dict[str, tuple[str, ...]] = Field(
        {}, description="what a row has to hold to be read: some texts for a column of the table"
    )
    findings: tuple[str, ...] | None = Field(
        None, description="the columns of findings, none for []; else those of ChestX-ray14's that the table has"
    )
    labels: str | None = Field(
        None, description="a column of the table that lists what is found; else each finding has its column"
    )
    separator: str = Field("|", min_length=1, description="what parts the findings that the column labels lists")
    uncertain: cells.Uncertain = Field("unknown", description="what a label of -1 counts as")

    @field_validator("findings")
    @classmethod
    def _named(cls, findings: tuple[str, ...] | None) -> tuple[str, ...] | None:
        refuse_findings(findings or (), FIELDS)
        return findings

    @field_validator("only", mode="before")
    @classmethod
    def _of_texts(cls, only: Any) -> Any:
        if isinstance(only, dict) and all(isinstance(texts, list | tuple) for texts in only.values()):
            return only
        raise ValueError('name columns with a list of texts each, such as {projection = ["PA", "AP"]}')

    @field_validator("path")
    @classmethod
    def _has_places(cls, path: str | None) -> str | None:
        if path is not None and (not _PLACE.search(path) or set(_PLACE.sub("", path)) & set("{}")):
            raise ValueError(f"{path!r} is no path with columns in braces, such as {{folder}}/{{name}}.png")
        return path

    @model_validator(mode="after")
    def _mapped(self) -> TableParams:
        names = [*FIELDS, *_possible_findings(self)]
        if unknown := [name for name in self.columns if name not in names]:
            raise ValueError(f"columns: {unknown[0]!r} is none of {', '.join(names)}")
        required = [name for name in _REQUIRED if self.patients == "named" or name not in _OF_PATIENTS]
        if empty := [name for name in required if self.columns.get(name) == ""]:
            raise ValueError(f"columns: {empty[0]!r} has to be there: say what the table calls it")
        if self.patients == "unknown" and (told := [name for name in _OF_PATIENTS if self.columns.get(name)]):
            raise ValueError(f"columns: {told[0]!r} means nothing where patients are unknown: leave out one of the two")
        return self


def _possible_findings(params: TableParams) -> tuple[str, ...]:
    """The findings that a table may have."""
    return FINDINGS if params.findings is None else params.findings


class TableDataset(ListedImages):
    """One row an image, whose column `image` names the image below the data's folder; see docs/data.md."""

    name = "table"
    version = "2"
    Params = TableParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._findings: tuple[str, ...] | None = self.params.findings

    @property
    def names_patients(self) -> bool:  # type: ignore[override]  # it is the user who tells
        return bool(self.params.patients == "named")

    @property
    def findings(self) -> tuple[str, ...]:  # type: ignore[override]  # it is the table that tells
        """Those that are asked for, else those that were found when the table was read."""
        if self._findings is None:
            raise PrivbenchError("The data set table learns its findings from its table: list them in its findings.")
        return self._findings

    def folder(self, request: DataRequest) -> Path:
        named: Path | None = self.params.table_file
        return named.parent if request.root is None and named is not None else data_folder(request.root, self.name)

    def listed(self, request: DataRequest) -> Listed:
        listed = super().listed(request)
        self._findings = listed.findings
        if listed.findings or self.params.findings is not None:
            return listed
        notice = Notice(
            "the table has no finding of ChestX-ray14, so nothing tells what a release is good for: "
            "data.params.findings names its columns of findings, and data.params.labels one that lists them"
        )
        return listed._replace(notices=(*listed.notices, notice))

    def listing(self, root: Path, request: DataRequest) -> Listing:
        path = self._table_file(root, request)
        params: TableParams = self.params
        fields = [name for name in FIELDS if self.names_patients or name not in _OF_PATIENTS]
        asked = {name for name in FIELDS if params.columns.get(name)} | {*_REQUIRED, *(params.findings or ())}
        asked |= {name for name in _possible_findings(params) if params.columns.get(name)}
        called = {name: params.columns.get(name, name) for name in (*fields, *_possible_findings(params))}
        named = [called[name] for name in ("patient", "study") if name in asked & set(fields)]
        theirs, digest = read_spreadsheet(path, named)
        self._check_patients(theirs, path)
        asked &= {*fields, *_possible_findings(params)}
        theirs, notices = self._kept(theirs, path)
        # What the patterns and lists of columns tell has no column of its own.
        elsewhere = {"image"} if params.path else set()
        elsewhere |= set(called) - set(FIELDS) if params.labels else set()
        sought = {name: column for name, column in called.items() if column and name not in elsewhere}
        texts = picked(theirs, sought, asked, path)
        if params.path:
            texts["image"] = _filled(params.path, theirs, path)
        if params.labels:
            texts |= self._labels(theirs, path, called)
        findings = tuple(name for name in texts if name not in FIELDS)
        return Listing(pd.DataFrame(texts), findings, frozenset(asked), digest, tuple(notices), params.uncertain)

    def _check_patients(self, theirs: pd.DataFrame, path: Path) -> None:
        """Raises PrivbenchError where the table does not tell patients as the parameters say."""
        columns, named = self.params.columns, alike(self.params.columns.get("patient", "patient"), theirs.columns)
        if self.names_patients and not named and "patient" not in columns:
            raise PrivbenchError(
                f"{path} has no column 'patient': say which it is, such as --column patient=NAME, of "
                f"{', '.join(theirs.columns)}; only where nobody knows which images are of one patient, have utility "
                "judged alone, and not privacy, by --set data.params.patients=unknown."
            )
        named = named or [name for name in theirs.columns if _NAMES_PATIENTS.fullmatch(name)]
        if not self.names_patients and named and "patient" not in columns:
            raise PrivbenchError(
                f"{path} has a column {named[0]!r}, although data.params.patients says that they are unknown: name it "
                f"by --column 'patient={named[0]}' instead, or say that no column is of patients by --set "
                "'data.params.columns.patient=\"\"'."
            )

    def _table_file(self, root: Path, request: DataRequest) -> Path:
        """Where the table lies. Raises PrivbenchError where that cannot be told."""
        named: Path | None = self.params.table_file
        if named is not None and request.root is None:
            return named
        if named is not None:
            return table_below(root, named)
        tables = sorted(file.name for file in root.iterdir() if is_spreadsheet(file))
        if len(tables) != 1:
            told = f"more than one table ({', '.join(tables)})" if tables else f"no table ({', '.join(ENDINGS)})"
            raise PrivbenchError(f"There is {told} in {root}: name one with --set data.params.table_file=NAME.")
        return root / tables[0]

    def _kept(self, theirs: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, list[Notice]]:
        """The rows that hold what they have to. Raises PrivbenchError where there are none, or no such column."""
        kept, notices, problems = pd.Series(True, index=theirs.index), list[Notice](), list[str]()
        for column, wanted in self.params.only.items():
            there = column_of(theirs, column, path, "only").str.strip()
            kept &= there.isin(wanted)
            for text in (text for text in wanted if not (there == text).any()):
                told = f"no row holds {text!r} in {column}, which data.params.only asks for"
                notices.append(Notice(told))
                if not there.isin(wanted).any():
                    problems.append(f"{path}: {told}: {nearest(text, there.unique()[:_SOME])}")
        raise_all(problems)
        if not kept.any():
            raise PrivbenchError(f"{path} has no row that holds all that data.params.only asks for: ask for less.")
        if lost := (~kept).sum():
            told = f"{lost} of {len(kept)} rows do not hold what data.params.only asks for, and were left out"
            notices.insert(0, Notice(told))
        return theirs[kept].reset_index(drop=True), notices

    def _labels(self, theirs: pd.DataFrame, path: Path, called: Mapping[str, str]) -> dict[str, pd.Series]:
        """A column of 1 and 0 for each finding: those that are asked for, else those that some row lists."""
        lists = column_of(theirs, self.params.labels, path, "labels")
        told = {
            name: cells.listed(lists, self.params.separator, called[name]) for name in _possible_findings(self.params)
        }
        there = {name: texts for name, texts in told.items() if (texts == "1").any()}
        if lost := [name for name in self.params.findings or () if name not in there]:
            raise PrivbenchError(
                f"No row of {path} lists {' and none '.join(map(repr, lost))} in {self.params.labels}: say what it is "
                f"called there, such as --column {lost[0]}=NAME, or leave it out of data.params.findings."
            )
        return there


def _filled(pattern: str, theirs: pd.DataFrame, path: Path) -> pd.Series:
    """The pattern with the texts of each row in place of its columns."""
    filled = pd.Series("", index=theirs.index)
    for number, part in enumerate(_PLACE.split(pattern)):  # every second part is the name of a column
        filled = filled + (column_of(theirs, part, path, "path") if number % 2 else part)
    return filled
