"""The schema of `run.json`: typed, versioned, and closed to what it does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ..base.errors import PrivbenchError
from .history import upgraded
from .utility import Change as Change
from .utility import FindingResult as FindingResult
from .utility import GapResult as GapResult
from .utility import GroupResult as GroupResult
from .utility import MeasurementResult, UtilityResult
from .values import Counts, Interval, Record

SCHEMA_VERSION: Literal[4] = 4
FILE = "run.json"


Verdict = Literal["certified", "unsaturated", "weak"]
"""Of an attack's training: it succeeded; more of it would help; it failed. The first is the best."""
VERDICTS: tuple[Verdict, ...] = ("certified", "unsaturated", "weak")


class Certificate(Record):
    """The proof that an attack was trained: its recipe on original images, where there is nothing to overcome.

    All figures are verification AUCs on original images, means over the control's trainings.
    """

    verdict: Verdict
    reason: str
    control_auc: float
    control_interval: Interval
    floor: float
    correlation: float
    train_auc: float
    validation_auc: float
    saturation: float
    seeds: int


class MatchRate(Record):
    """Errors at thresholds that were fixed on validation pairs; None where these are too few for such a rate."""

    fmr: float
    test_fmr: float | None
    test_fnmr: float | None


class VerificationResult(Record):
    """What the test scores say beyond the AUC; means over the seeds. Costs in bits, all else unitless."""

    equal_error_rate: float
    match_rates: list[MatchRate]
    cllr: float
    min_cllr: float
    linkability: float


class GalleryRate(Record):
    """The expected rank-1 rate in galleries of one mate and size - 1 strangers."""

    size: int
    rank_1: float


class YearsRate(Record):
    """The rank-1 rate of mates by the years between the two images, from `low` up to below `high`."""

    low: int
    high: int | None
    mates: int
    rank_1: float


class RetrievalResult(Record):
    """How well probes find their patient in the whole test gallery; means over the seeds, unitless."""

    probes: int
    gallery: int
    rank_1: float
    interval: Interval | None
    effective_patients: float | None
    rank_5: float
    rank_10: float
    map_at_r: float
    r_precision: float
    precision_at_1: float
    by_gallery_size: list[GalleryRate]
    by_years: list[YearsRate]


class AttackResult(Record):
    """How well an attack recognises patients in a scenario. AUCs are unitless, 0.5 is chance.

    `interval` holds all that is known to vary: patients and, where there are several, trainings. `patient_interval`
    holds the trained networks fixed, `seed_std` is the spread of the trainings on the same patients. The image-wise
    interval is the paper's, for comparison. Those that are None stand in runs of old schemas.

    `train_auc` and `fit_auc` tell how it fits training and validation pairs of the kind that it was trained on,
    `validation_auc` how it does on validation pairs of the kind that it is tested on.
    """

    name: str
    plugin: str
    version: str
    scenario: str
    train: str
    test: str
    verification_auc: float
    interval: Interval
    patient_interval: Interval
    image_wise_interval: Interval | None
    seed_std: float | None
    seed_aucs: list[float]
    train_auc: float | None
    fit_auc: float | None
    validation_auc: float | None
    verification: VerificationResult | None
    retrieval: RetrievalResult | None
    measures: dict[str, float]
    certificate: Certificate | None
    counts: Counts

    @property
    def label(self) -> str:
        """Such as `contrastive (informed)`."""
        return f"{self.name} ({self.scenario})"


class InferenceResult(Record):
    """How well an attribute is read off single images.

    `metric` is `auc` (unitless) or `mae` (mean absolute error in the attribute's unit), `original` the same reading of
    original images, `base_rate` what a guess reaches without looking.
    """

    name: str
    version: str
    scenario: str
    attribute: str
    metric: Literal["auc", "mae"]
    value: float
    interval: Interval
    original: float
    base_rate: float
    counts: Counts


class WorstCase(Record):
    """The headline: the identifying attack that did best on validation pairs, with its figure on test pairs.

    The verdict is that of the best-trained attack by an informed attacker.
    """

    attack: str
    scenario: str
    validation_auc: float | None
    verification_auc: float
    interval: Interval
    verdict: Verdict
    reason: str

    @property
    def label(self) -> str:
        """Such as `contrastive (informed)`."""
        return f"{self.attack} ({self.scenario})"


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
    """A run: one anonymizer under one protocol, and everything it produced.

    `terms` is what the fingerprint hashes beside the data's digest, empty in runs of schemas before 3; `files` the
    SHA-256 of every other file of the run folder, empty in runs of all old schemas.
    """

    schema_version: Literal[4] = SCHEMA_VERSION
    key: str
    created: str
    protocol: dict[str, Any]
    fingerprint: str
    data_digest: str
    terms: dict[str, Any]
    anonymizer: AnonymizerRecord
    worst_case: WorstCase
    attacks: list[AttackResult]
    inferences: list[InferenceResult]
    utilities: list[UtilityResult] = Field(min_length=1)
    measurements: list[MeasurementResult]
    warnings: list[str]
    stages: list[StageRecord]
    versions: dict[str, str]
    device: dict[str, str]
    git: GitRecord | None
    files: dict[str, str]

    @property
    def utility(self) -> UtilityResult:
        """The headline of utility: the protocol's first task that reads findings, in its first mode."""
        return self.utilities[0]

    @property
    def certified(self) -> bool:
        """Whether its privacy may be believed: the attack behind it is proven to be trained."""
        return self.worst_case.verdict == "certified"

    @property
    def doubt(self) -> str | None:
        """What has to be said before any figure of the run; None where its attack is certified."""
        if self.certified:
            return None
        worst = self.worst_case
        return (
            f"{self.label}: the attack is {worst.verdict}, so a low figure is no evidence of privacy ({worst.reason})."
        )

    @property
    def label(self) -> str:
        """The anonymizer with the parameters that the user chose, e.g. `prichexy mu=0.005`."""
        method = self.anonymizer
        plain = (name for name in method.given if not isinstance(method.params[name], dict | list))
        return " ".join([method.name, *(f"{name}={method.params[name]}" for name in plain)])


def read_run(path: Path) -> RunRecord:
    """The record of a run folder, or of its run.json, of this schema or an older one.

    Raises PrivbenchError where it is none.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise PrivbenchError(f"{path} is no run folder: there is no {FILE} in it.")
    try:
        values = json.loads(file.read_bytes())
        return RunRecord.model_validate(upgraded(values))
    except (ValueError, KeyError, TypeError) as error:  # no JSON, no run (ValidationError), or no old run
        what: object = error
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            what = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
        raise PrivbenchError(
            f"{file} is no run of schema {SCHEMA_VERSION} or older ({what}): "
            "run it again, or read it with the privbench version that wrote it."
        ) from error
