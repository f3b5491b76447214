"""The schema of `submission.json`: who hands in a run to a leaderboard, of which method, and on which terms."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator, Field, StringConstraints, ValidationError, field_validator

from ..base import exact_json
from ..base.errors import PrivbenchError
from ..base.texts import printable
from ..base.validation import told_by
from .run import RunRecord
from .values import Record, Sealed

FILE = "submission.json"
SITE = "site"
"""The folder of a leaderboard that holds its pages, and so no method."""
SITE_MARKER = "privbench-site.json"
"""The file by which a folder is known as the pages of a leaderboard, which may be replaced by others."""
_DIGEST, _NAME = re.compile(r"[0-9a-f]{64}"), re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
# Of RFC 3986 without quotes, so that an address can end nothing that it stands in.
_ADDRESS = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?([/?#][A-Za-z0-9\-._~:/?#\[\]@!$&()*+,;=%]*)?")
_DOI = re.compile(r"10\.\d{4,9}/[A-Za-z0-9\-._;()/:]+")
_KEY_DIGITS = 8


def _one_line(text: str) -> str:
    if text != " ".join(printable(text).split()):
        raise ValueError("it holds line breaks, blanks beside one another, or characters that cannot be shown")
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("it is no address that begins with https://")
    return text


def _contact(text: str) -> str:
    if not (_MAIL.fullmatch(text) or _ADDRESS.fullmatch(text)):
        raise ValueError("it is neither an e-mail address nor one that begins with https://")
    return text


def _paper(text: str) -> str:
    if not (_DOI.fullmatch(text) or _ADDRESS.fullmatch(text)):
        raise ValueError("it is neither a DOI, such as 10.1234/abc, nor an address that begins with https://")
    return text


def _licence(text: str) -> str:
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression as error:
        raise ValueError(
            "it is no SPDX expression, such as Apache-2.0, or LicenseRef-proprietary where nobody may use the method"
        ) from error


Line = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_one_line)]
"""A text on one line, which is shown as it is."""
Paragraph = Annotated[str, StringConstraints(min_length=60, max_length=2000), AfterValidator(_one_line)]
"""Long enough to say what something does, without line breaks."""
Terms = Annotated[str, StringConstraints(min_length=20, max_length=600), AfterValidator(_one_line)]
"""On which terms something may be published."""


class MethodRecord(Record):
    """What its makers tell of a method. `licence` is that of the method or its code; SPDX names it."""

    name: Line
    description: Paragraph
    authors: Annotated[list[Line], Field(min_length=1, max_length=100)]
    contact: Annotated[str, StringConstraints(max_length=200), AfterValidator(_contact)]
    licence: Annotated[str, StringConstraints(max_length=200), AfterValidator(_licence)]
    code: Annotated[str, StringConstraints(max_length=300), AfterValidator(_address)] | None = None
    paper: Annotated[str, StringConstraints(max_length=300), AfterValidator(_paper)] | None = None

    @field_validator("name")
    @classmethod
    def _has_a_folder(cls, name: str) -> str:
        if (slug := slug_of(name)) in ("", SITE):
            why = "which holds the pages" if slug else "because it has no letter or digit of ASCII"
            raise ValueError(f"it cannot be the name of a folder, {why}")
        return name

    @property
    def slug(self) -> str:
        """What its folder and its page are called."""
        return slug_of(self.name)

    @property
    def paper_address(self) -> str | None:
        """Where the paper is found."""
        return self.paper and (self.paper if self.paper.startswith("https://") else f"https://doi.org/{self.paper}")


class AboutRecord(MethodRecord):
    """What whoever hands in runs tells beside them. `data` are the terms of their data, as of a submission."""

    data: Terms | None = None


class SubmissionRecord(Sealed):
    """A run that is handed in: its method, and the SHA-256 of every other file of its folder by its name.

    `data_terms` tells on which terms figures and scores of its data may be published, and is None of data in which
    nobody is. `submitted` is the day, `privbench` the version that wrote it. `digest` is that of all else.
    """

    schema_version: Literal[1] = 1
    method: MethodRecord
    data_terms: Terms | None
    submitted: str
    privbench: Line
    files: dict[str, str]
    digest: str = ""

    @field_validator("submitted")
    @classmethod
    def _a_day(cls, text: str) -> str:
        if date.fromisoformat(text).isoformat() != text:
            raise ValueError("it is no day such as 2026-01-31")
        return text

    @field_validator("files")
    @classmethod
    def _named(cls, files: dict[str, str]) -> dict[str, str]:
        for name, digest in files.items():
            if not (_NAME.fullmatch(name) and _DIGEST.fullmatch(digest)):
                raise ValueError(f"{name!r} is no file of an entry, or has no SHA-256")
        return files

    def place(self, record: RunRecord) -> str:
        """Where it belongs in a leaderboard, of which run it is: the folder's path from the top."""
        fingerprint, key = (
            "".join(c for c in text if c.isascii() and c.isalnum())[:_KEY_DIGITS]
            for text in (record.fingerprint, record.key)
        )
        return f"{self.method.slug}/{self.submitted}-{fingerprint}-{key}"


def slug_of(name: str) -> str:
    """A name as a folder's: lower case letters and digits of ASCII, parted by hyphens; empty where it has none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


def read_submission(folder: Path) -> SubmissionRecord:
    """What an entry of a leaderboard tells of itself. Raises PrivbenchError where there is none, or it is none."""
    file = folder / FILE
    if not file.is_file():
        raise PrivbenchError(f"{folder} is no entry of a leaderboard: there is no {FILE} in it; make one with submit.")
    try:
        return SubmissionRecord.model_validate(exact_json.parse(file.read_bytes()), strict=True)
    except ValueError as error:
        what = told_by(error) if isinstance(error, ValidationError) else error
        raise PrivbenchError(f"{file} is no submission ({what}): make it again with submit.") from error
