"""The schema of `run.json`: typed, versioned, and closed to what it does not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import PrivbenchError

SCHEMA_VERSION: Literal[1] = 1
FILE = "run.json"


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(Record):
    """A confidence interval and how it was made."""

    low: float
    high: float
    confidence: float
    method: str
    resamples: int


class Counts(Record):
    """What a metric was computed from."""

    patients: int
    images: int
    pairs: int | None = None
    mated: int | None = None


class AttackResult(Record):
    """How well an attack recognises patients. AUCs are unitless, 0.5 is chance."""

    name: str
    version: str
    train: str
    test: str
    verification_auc: float
    interval: Interval
    seed_std: float | None
    seed_aucs: list[float]
    counts: Counts


class FindingResult(Record):
    """How well one finding is found; no AUC where the test images hold only one of its labels."""

    name: str
    auc: float | None
    interval: Interval | None
    positives: int
    negatives: int


class UtilityResult(Record):
    """How well the findings are found. The mean runs over the findings that have an AUC."""

    name: str
    version: str
    mean_auc: float
    interval: Interval
    findings: list[FindingResult]
    left_out: list[str]
    counts: Counts


class StageRecord(Record):
    """A stage's cost. A cached stage tells what it cost when it was made."""

    name: str
    key: str
    seconds: float
    peak_memory_mib: float
    cached: bool


class AnonymizerRecord(Record):
    """The method. `params` are all of its parameters, `given` the names of those that the user chose."""

    name: str
    version: str
    deterministic: bool
    params: dict[str, Any]
    given: list[str]
    code: str


class GitRecord(Record):
    commit: str
    modified: bool


class RunRecord(Record):
    """A run: one anonymizer under one protocol, and everything it produced."""

    schema_version: Literal[1] = SCHEMA_VERSION
    key: str
    created: str
    protocol: dict[str, Any]
    fingerprint: str
    data_digest: str
    anonymizer: AnonymizerRecord
    attack: AttackResult
    utility: UtilityResult
    warnings: list[str]
    stages: list[StageRecord]
    versions: dict[str, str]
    device: dict[str, str]
    git: GitRecord | None

    @property
    def label(self) -> str:
        """The anonymizer with the parameters that the user chose, e.g. `prichexy mu=0.005`."""
        method = self.anonymizer
        return " ".join([method.name, *(f"{name}={method.params[name]}" for name in method.given)])


def read_run(path: Path) -> RunRecord:
    """The record of a run folder, or of its run.json. Raises PrivbenchError where it is none."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise PrivbenchError(f"{path} is no run folder: there is no {FILE} in it.")
    try:
        return RunRecord.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise PrivbenchError(
            f"{file} is no run of schema {SCHEMA_VERSION} ({field or 'the file'}: {first['msg']}): "
            "run it again, or read it with the privbench version that wrote it."
        ) from error
