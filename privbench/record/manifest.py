"""The schema of `manifest.json`, which tells whoever gets a release what it is, and of nobody who is in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import ValidationError, field_validator, model_validator

from ..base import exact_json
from ..base.errors import PrivbenchError
from ..base.validation import told_by
from ..data.squares import Fit
from .figures import Figures
from .run import AnonymizerRecord
from .values import Count, Record, Sealed

MANIFEST = "manifest.json"
_NAME, _DIGEST = re.compile(r"[0-9a-z]+\.[a-z]+"), re.compile(r"[0-9a-f]{64}")


class EvidenceRecord(Record):
    """What a run found of the method, on images of `size` pixels: all figures, and what has to be said before them.

    `dataset` is the name of the plugin that read the data, such as `table` for a folder of one's own. `run` is the
    SHA-256 of its `run.json`; `doubt` is None where the run is certified.
    """

    run: str
    protocol: str
    dataset: str
    fingerprint: str
    size: Count
    doubt: str | None
    figures: Figures

    @model_validator(mode="after")
    def _of_its_verdict(self) -> Self:
        worst = self.figures.worst_case
        if self.doubt is None and (worst is None or worst.verdict != "certified"):
            told = "privacy was not judged" if worst is None else f"the verdict is {worst.verdict}"
            raise ValueError(f"nothing is doubted, although {told}")
        return self


class ReleaseManifest(Sealed):
    """A release: by which method it was made, of how many images, and the SHA-256 of every file by its name.

    `weights` is the SHA-256 of what the method learnt, None where it learnt nothing. It knows images of `size` pixels,
    which became square by `fit`; where `at_trained_size`, so are the released ones. Where `masked`,
    what looked like letters near the border was painted over. `left_out` counts what could not be
    anonymized. `evidence` is that of the run which the method was taken from. `digest` is that of all else.
    """

    schema_version: Literal[1] = 1
    anonymizer: AnonymizerRecord
    weights: str | None
    size: Count
    fit: Fit
    at_trained_size: bool
    masked: bool
    images: Count
    left_out: Count
    files: dict[str, str]
    evidence: EvidenceRecord | None
    versions: dict[str, str]
    digest: str = ""

    @field_validator("files")
    @classmethod
    def _plain(cls, files: dict[str, str]) -> dict[str, str]:
        for name, digest in files.items():
            if not (_NAME.fullmatch(name) and _DIGEST.fullmatch(digest)):
                raise ValueError(f"{name!r} is no name of a released file, or has no SHA-256")
        return files


def read_manifest(folder: Path) -> ReleaseManifest:
    """The manifest of a release. Raises PrivbenchError where there is none, or it is none."""
    file = folder / MANIFEST
    if not file.is_file():
        raise PrivbenchError(f"{folder} is no release: there is no {MANIFEST} in it; name one that was anonymized.")
    try:
        return ReleaseManifest.model_validate(exact_json.parse(file.read_bytes()), strict=True)
    except ValueError as error:
        what = told_by(error) if isinstance(error, ValidationError) else error
        raise PrivbenchError(
            f"{file} is no manifest of a release ({what}): get the release again from who made it."
        ) from error
