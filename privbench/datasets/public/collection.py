"""What the public collections share: their tables are read below one folder, and frontal images are kept."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import pandas as pd
from pydantic import Field

from ...base.errors import PrivbenchError, raise_all
from ...base.files import decode, digest_of, read_bytes
from ...data.notices import Notice
from ...plugins.interfaces import DataRequest
from .. import cells
from ..listed_images import ListedImages, ListedParams
from ..listing import Listing
from ..spreadsheets import read_spreadsheet

PUBLISHED_SPLIT = {"test_share": "whose split is the published one"}
"""What is idle where nobody has to be drawn for the test."""
_ASKED = ("image", "patient", "split")
"""What a collection is nothing without. Of the rest its publisher may call something unknown in a way of his own."""


class CollectionParams(ListedParams):
    views: Literal["frontal", "all"] = Field(
        "frontal", description="which images are read: those that are known to be PA or AP, or all"
    )


class Tables:
    """The tables of a collection below a folder, as spreadsheets or as JSON.

    `digests` are those of the bytes that were read, by name.
    """

    def __init__(self, root: Path, collection: str) -> None:
        self.root, self._collection = root, collection
        self.digests: dict[str, str] = {}

    def has(self, name: str) -> bool:
        """Whether there is a table of that name, packed or not."""
        return self._path(name).is_file()

    def read(self, name: str, columns: Mapping[str, str]) -> pd.DataFrame:
        """Columns of a table, packed or not, by our names for them, as texts.

        Raises:
            PrivbenchError: there is no such table, or it lacks some of the columns.
        """
        path = self._path(name)
        self._check(path)
        texts, self.digests[name] = read_spreadsheet(path)
        if missing := [theirs for theirs in columns.values() if theirs not in texts.columns]:
            raise PrivbenchError(
                f"{path} has no column {' and no '.join(map(repr, missing))}, which {self._collection} has: use the "
                "published table, or the data set table."
            )
        return pd.DataFrame({ours: texts[theirs] for ours, theirs in columns.items()})

    def text(self, name: str) -> str:
        """The text of a file. Raises PrivbenchError where it is not there, or is no text."""
        path = self.root / name
        self._check(path)
        content = read_bytes(path, "fetch it again")
        self.digests[name] = hashlib.sha256(content).hexdigest()
        return decode(content, path)

    def _check(self, path: Path) -> None:
        """Raises PrivbenchError where a file of the collection is not there."""
        if not path.is_file():
            raise PrivbenchError(
                f"There is no file {path}, which {self._collection} comes with: check --data-root, or fetch it again."
            )

    def _path(self, name: str) -> Path:
        packed = self.root / f"{name}.gz"
        return packed if packed.is_file() else self.root / name


class PublicCollection(ListedImages):
    """A collection in its published layout, below the data's folder. `uncertain` is what a label of -1 counts as.

    `idle` are parameters that would do nothing, each with a clause that tells why.
    """

    Params = CollectionParams
    uncertain: cells.Uncertain = "unknown"
    idle: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **params: Any) -> None:
        """Raises PrivbenchError also where a parameter is set that does nothing here."""
        super().__init__(**params)
        told = self.params.model_fields_set
        raise_all(
            [f"{name!r} does nothing in {self.name}, {why}: leave it out." for name, why in self.idle.items()
             if name in told]
        )  # fmt: skip

    def collection(self, request: DataRequest) -> str | None:
        return self.name

    @abstractmethod
    def rows(self, tables: Tables) -> pd.DataFrame:
        """All images, a row each, as texts: image, patient, view, the findings, and whichever other of FIELDS is known.

        Raises PrivbenchError where the tables are not as they are published.
        """

    def listing(self, root: Path, request: DataRequest) -> Listing:
        tables = Tables(root, self.name)
        texts, notices = self.rows(tables), []
        if self.params.views == "frontal":
            frontal = cells.read_views(texts["view"]) != ""
            if not frontal.any():
                raise PrivbenchError(f"No image of {self.name} below {root} is known to be frontal: read all views.")
            if not frontal.all():
                text = f"{(~frontal).sum()} of {len(texts)} images are not known to be PA or AP, and were left out"
                notices.append(Notice(text))
            texts = texts[frontal].reset_index(drop=True)
        asked = frozenset({*_ASKED, *self.findings})
        digest = digest_of(tables.digests)
        return Listing(texts, self.findings, asked, digest, tuple(notices), self.uncertain)


def cell(value: object) -> str:
    """A value of JSON as the text of a table; empty for null."""
    return "" if value is None else str(value)


def parted(texts: pd.Series, pattern: str, what: str) -> pd.DataFrame:
    """The named groups of a pattern in texts that fit it as a whole. Raises PrivbenchError where some do not."""
    found = texts.str.extract(f"^(?:{pattern})$")
    wrong = texts[found.isna().any(axis=1)]
    if len(wrong):
        raise PrivbenchError(
            f"{wrong.iloc[0]!r} is no {what} as they are published ({len(wrong)} such): use the published table."
        )
    return found


def left_joined(rows: pd.DataFrame, told: pd.DataFrame, key: str, what: str) -> pd.DataFrame:
    """The rows with what another table tells of their key, empty where it tells nothing.

    Raises PrivbenchError where it tells of one twice.
    """
    twice = told[key][told[key].duplicated()]
    raise_all([f"The {what} tell of {one!r} twice: use the published table." for one in twice[:1]])
    return rows.merge(told, on=key, how="left").fillna("")
