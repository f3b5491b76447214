"""A folder of DICOM files, as a hospital's archive exports it, and a spreadsheet of findings where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field, field_validator, model_validator

from ..base.errors import PrivbenchError, some_of
from ..base.files import digest_of
from ..data.notices import SHOWN, Notice
from ..data.problems import Problem, raise_problems
from ..plugins.interfaces import DataRequest
from . import cells
from .columns import picked, refuse_findings
from .dicom_headers import KEYS, PERSON, HeaderTexts, LeftOut, read_headers
from .findings import FINDINGS
from .folders import FoundFile, all_files
from .image_files import Survey
from .joining import joined
from .listed_images import ListedImages, ListedParams
from .listing import FIELDS, Listing
from .radiographs import Collection, judged
from .spreadsheets import Spreadsheet, read_spreadsheet, table_below

_DIRECTORY = "DICOMDIR"


class DicomParams(ListedParams):
    table_file: Path | None = Field(
        None, exclude=True, description="a table of findings, below the data's folder; without one none are known"
    )
    columns: dict[str, str] = Field(
        {}, description=f"what that table calls a finding, or what names its images: {', '.join(KEYS)}"
    )
    findings: tuple[str, ...] | None = Field(
        None, description="the columns of findings, none for []; else those of ChestX-ray14's that the table has"
    )
    uncertain: cells.Uncertain = Field("unknown", description="what a label of -1 counts as")
    modalities: tuple[str, ...] = Field(("CR", "DX"), min_length=1, description="those that are read")

    @field_validator("findings")
    @classmethod
    def _named(cls, findings: tuple[str, ...] | None) -> tuple[str, ...] | None:
        refuse_findings(findings or (), (*FIELDS, *KEYS))
        return findings

    @model_validator(mode="after")
    def _mapped(self) -> DicomParams:
        names = [*KEYS, *(FINDINGS if self.findings is None else self.findings)]
        if unknown := [name for name in self.columns if name not in names]:
            raise ValueError(f"columns: {unknown[0]!r} is none of {', '.join(names)}")
        return self


class DicomDataset(ListedImages):
    """All frontal radiographs among the files below the data's folder, however these are called; see docs/dicom.md.

    Headers tell patients, studies and all else but findings, which a table may tell by one of KEYS. Patients for the
    test are drawn by the protocol's seed.
    """

    name = "dicom"
    Params = DicomParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._findings: tuple[str, ...] | None = self.params.findings if self.params.table_file else ()
        self._seen: dict[str, Survey] = {}

    @property
    def findings(self) -> tuple[str, ...]:  # type: ignore[override]  # it is the table that tells
        """None without a table; else those that are asked for, or that were found when the table was read."""
        if self._findings is None:
            raise PrivbenchError("The data set dicom learns its findings from its table: list them in its findings.")
        return self._findings

    def source(self, request: DataRequest) -> dict[str, Any]:
        """Sizes and times of files, and not what headers tell: there may be many."""
        root = self.folder(request)
        files = [[name, file.size, file.changed] for name, file in self._files(root).items()]
        if self.params.table_file is None:
            return {"files": digest_of(files)}
        return {"files": digest_of(files), "table": self._table(root)[1]}

    def listing(self, root: Path, request: DataRequest) -> Listing:
        headers, notices = self._wanted(root, request)
        raise_problems([header.seen for header in headers.values() if isinstance(header.seen, Problem)])
        self._seen = {name: header.seen for name, header in headers.items() if isinstance(header.seen, Survey)}
        texts = pd.DataFrame([header.texts for header in headers.values()], index=pd.Index(headers), dtype=object)
        _refuse_copies(texts)
        _refuse_two_people(texts)
        notices += _people_of_two_numbers(texts)
        if (untold := texts["view"] == "").any():
            notices.append(
                Notice(
                    f"{untold.sum()} of {len(texts)} images tell no view and were taken for frontal: lateral ones are "
                    "to be taken out",
                    tuple(texts.index[untold])[:SHOWN],
                )
            )
        digest = ""
        if self.params.table_file is None:
            notices.append(Notice("no findings are known: name a table of them with --set data.params.table_file=NAME"))
        else:
            table, digest = self._table(root)
            keys = [key for key in KEYS if key in self.params.columns] or KEYS
            texts = joined(texts, table, keys, root / self.params.table_file, notices.append)
        texts = texts.drop(columns=[*KEYS, *PERSON]).assign(image=texts.index).reset_index(drop=True)
        return Listing(texts, self.findings, frozenset(texts.columns), digest, tuple(notices), self.params.uncertain)

    def _table(self, root: Path) -> Spreadsheet:
        """The table of findings by our names for its columns; and the findings become known."""
        path = table_below(root, self.params.table_file)
        wanted = FINDINGS if self.params.findings is None else self.params.findings
        called = {name: self.params.columns.get(name, name) for name in (*KEYS, *wanted)}
        theirs, digest = read_spreadsheet(path, [called[key] for key in KEYS])
        texts = picked(theirs, called, {*self.params.columns, *(self.params.findings or ())}, path)
        self._findings = tuple(name for name in texts if name not in KEYS)
        return Spreadsheet(pd.DataFrame(texts), digest)

    def _collection(self, files: Mapping[str, FoundFile], request: DataRequest) -> Collection:
        """What headers told, where these were read; DICOM files ask nothing of a collection when pixels are."""
        return judged({name: self._seen[name] for name in files if name in self._seen}, request.size, request.notice)

    def _files(self, root: Path) -> dict[str, FoundFile]:
        table = self.params.table_file
        path = None if table is None else table_below(root, table)
        return {
            name: file for name, file in all_files(root).items()
            if file.path != path and file.path.name.upper() != _DIRECTORY
        }  # fmt: skip

    def _wanted(self, root: Path, request: DataRequest) -> tuple[dict[str, HeaderTexts], list[Notice]]:
        """The headers of frontal radiographs, by file; and what else lies there."""
        found, notices = self._files(root), []
        files = [name for name, kept in zip(found, request.exclude.keeps(found), strict=True) if kept]
        headers = read_headers(root, files, self.params.modalities, request)
        if others := len(files) - len(headers):
            notices.append(
                Notice(
                    f"{others} of {len(files)} files are no DICOM files and were passed over",
                    tuple(name for name in files if name not in headers)[:SHOWN],
                )
            )
        wanted = {name: header for name, header in headers.items() if isinstance(header, HeaderTexts)}
        left_out = {name: header.reason for name, header in headers.items() if isinstance(header, LeftOut)}
        counts = Counter(left_out.values())
        if not wanted:
            reasons = "".join(f"; {count} are {reason}" for reason, count in counts.items())
            raise PrivbenchError(
                f"There is no frontal radiograph among {len(headers)} DICOM files below {root}{reasons}: check "
                "--data-root, and data.params.modalities."
            )
        for reason, count in counts.items():
            names = tuple(name for name, told in left_out.items() if told == reason)
            notices.append(Notice(f"{count} of {len(headers)} DICOM files are {reason}, and left out", names[:SHOWN]))
        return wanted, notices


def _refuse_copies(texts: pd.DataFrame) -> None:
    """Raises DataError where two files are one image."""
    told = texts["SOPInstanceUID"]
    copies = told[(told != "") & told.duplicated()]
    if len(copies):
        text = f"{len(copies)} files have the SOPInstanceUID of another: {some_of(copies.index)}; keep one of each."
        raise_problems([Problem("file listed twice", text, tuple(copies.index))])


def _refuse_two_people(texts: pd.DataFrame) -> None:
    """Raises DataError where one PatientID is of two people, whose images would count as one patient's."""
    problems = []
    told = {name: texts[name] for name in ("IssuerOfPatientID", "PatientBirthDate")}
    told["PatientSex"] = cells.read_sexes(texts["sex"])
    for name, values in told.items():
        several = values.where(values != "").groupby(texts["patient"]).transform("nunique") > 1
        if several.any():
            images = texts.index[several]
            text = (
                f"{texts['patient'][several].nunique()} patients have one PatientID and more than one {name}: "
                f"{some_of(images)}; give each person an ID of their own, or mend the headers."
            )
            problems.append(Problem("two people of one PatientID", text, tuple(images)))
    raise_problems(problems)


def _people_of_two_numbers(texts: pd.DataFrame) -> list[Notice]:
    """What is told of patients whose name and day of birth another PatientID has, too: they may be one person."""
    people = texts.drop_duplicates("patient")
    people = people[(people["PatientName"] != "") & (people["PatientBirthDate"] != "")]
    doubled = people.duplicated(["PatientName", "PatientBirthDate"], keep=False).sum()
    text = f"{doubled} patients have the name and the day of birth of another one, and count as people of their own"
    return [Notice(text)] if doubled else []
