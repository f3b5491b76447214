"""A folder of DICOM files, as a hospital's archive exports it, and a spreadsheet of findings where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from pydantic import Field

from ..base.errors import PrivbenchError, some_of
from ..base.files import digest_of, sha256
from ..data.notices import SHOWN, Notice
from ..data.problems import UNREADABLE, Problem
from ..plugins.interfaces import Chunk, DataRequest
from .dicom_headers import KEYS, HeaderTexts, LeftOut, read_headers
from .folders import FoundFile, all_files, data_folder
from .joining import joined
from .radiographs import judged, read_chunks
from .table import TableDataset, TableParams

_DIRECTORY = "DICOMDIR"
_OWN_RANGE = 8
"""The depth of a collection, of which DICOM files ask nothing."""


class DicomParams(TableParams):
    FIELDS: ClassVar[tuple[str, ...]] = KEYS
    REQUIRED: ClassVar[tuple[str, ...]] = ()
    IDENTIFIERS: ClassVar[tuple[str, ...]] = KEYS

    table_file: Path | None = Field(
        None, exclude=True, description="a table of findings, below the data's folder; without one none are known"
    )
    columns: dict[str, str] = Field(
        {}, description=f"what that table calls a finding, or what names its images: {', '.join(KEYS)}"
    )
    modalities: tuple[str, ...] = Field(("CR", "DX"), min_length=1, description="those that are read")


class DicomDataset(TableDataset):
    """All frontal radiographs among the files below the data's folder, however these are called; see docs/dicom.md.

    Headers tell patients, studies and all else but findings, which a table may tell by one of KEYS. Patients for the
    test are drawn by the protocol's seed.
    """

    name = "dicom"
    Params = DicomParams

    @property
    def findings(self) -> tuple[str, ...]:  # type: ignore[override]  # it is the table that tells
        """None without a table; else as of a table."""
        return () if self.params.table_file is None else super().findings

    def source(self, request: DataRequest) -> dict[str, Any]:
        root, path = self._folder(request)
        told = [[name, file.size, file.changed] for name, file in self._files(root, path).items()]
        if path is None:
            return {"files": digest_of(told)}
        self._texts(path, request)
        return {"files": digest_of(told), "table": sha256(path)}

    def table(self, request: DataRequest) -> pd.DataFrame:
        root, path = self._folder(request)
        headers = self._wanted(root, path, request)
        seen = {
            name: Problem(UNREADABLE, header.seen, (name,)) if isinstance(header.seen, str) else header.seen
            for name, header in headers.items()
        }
        collection = judged(seen, request.size, request.notice)
        texts = pd.DataFrame([header.texts for header in headers.values()], index=pd.Index(headers), dtype=object)
        _refuse_copies(texts)
        if (untold := texts["view"] == "").any():
            request.notice(
                Notice(
                    f"{untold.sum()} of {len(texts)} images tell no view and were taken for frontal: lateral ones are "
                    "to be taken out",
                    tuple(texts.index[untold])[:SHOWN],
                )
            )
        if path is None:
            request.notice(Notice("no findings are known: name a table of them with --set data.params.table_file=NAME"))
        else:
            keys = [key for key in KEYS if key in self.params.columns] or KEYS
            texts = joined(texts, self._texts(path, request), keys, path, request.notice)
        texts = texts.drop(columns=list(KEYS)).assign(image=texts.index)
        table = self._read(texts, request).reset_index(drop=True)
        return self._with_spacing(table, collection, request)

    def read(self, table: pd.DataFrame, request: DataRequest) -> Iterator[Chunk]:
        root, _ = self._folder(request)
        yield from read_chunks([root / name for name in table["image"]], None, _OWN_RANGE, request)

    def _folder(self, request: DataRequest) -> tuple[Path, Path | None]:
        """The folder, and the table where one is named."""
        return (data_folder(request.root, self.name), None) if self.params.table_file is None else self._places(request)

    def _files(self, root: Path, path: Path | None) -> dict[str, FoundFile]:
        return {
            name: file for name, file in all_files(root).items()
            if file.path != path and file.path.name.upper() != _DIRECTORY
        }  # fmt: skip

    def _wanted(self, root: Path, path: Path | None, request: DataRequest) -> dict[str, HeaderTexts]:
        """The headers of frontal radiographs, by file; what else lies there is told."""
        found = self._files(root, path)
        files = [name for name, kept in zip(found, request.exclude.keeps(found), strict=True) if kept]
        headers = read_headers(root, files, self.params.modalities, request)
        if others := len(files) - len(headers):
            request.notice(
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
            request.notice(Notice(f"{count} of {len(headers)} DICOM files are {reason}, and left out", names[:SHOWN]))
        return wanted


def _refuse_copies(texts: pd.DataFrame) -> None:
    """Raises PrivbenchError where two files are one image."""
    told = texts["SOPInstanceUID"]
    copies = told[(told != "") & told.duplicated()]
    if len(copies):
        raise PrivbenchError(
            f"{len(copies)} files have the SOPInstanceUID of another: {some_of(copies.index)}; keep one of each."
        )
