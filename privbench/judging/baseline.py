"""The baseline of the gate: a file, small enough to commit, that a later run is compared with patient by patient."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator

from ..base import exact_json
from ..base.errors import PrivbenchError
from ..base.files import read_text, write_text
from ..base.validation import told_by, validate
from ..protocols.schema import StatisticsSection
from ..record.estimates import Estimate, StoredFigures
from ..record.names import AUC, MATCH, OTHERS, RANK_1, FigureName, copies_of, worst_case
from ..record.run import RunRecord, read_run
from ..record.values import Finite, Record, Sealed
from ..record.vouched import estimates_of
from .terms import require_same

SCHEMA_VERSION: Literal[2] = 2
_DIGITS = 7  # what one patient of thousands changes is still seen


class StoredEstimate(StoredFigures):
    """An estimate as the file holds it, rounded."""

    resampled: list[Finite | None]
    jackknife: list[Finite | None]
    between: list[Finite]

    @classmethod
    def of(cls, estimate: Estimate) -> StoredEstimate:
        """The figure of an estimate."""
        fields = {field: getattr(estimate, field) for field in cls.model_fields}
        for name in ("resampled", "jackknife", "between"):
            fields[name] = [None if np.isnan(one) else round(float(one), _DIGITS) for one in fields[name]]
        return cls(**fields)

    def estimate(self) -> Estimate:
        """The estimate again. Raises ValueError as `StoredFigures.with_arrays`."""
        arrays = (self.resampled, self.jackknife, self.between)
        return self.with_arrays(
            *(np.array([np.nan if one is None else one for one in array], float) for array in arrays)
        )


class BaselineRun(Record):
    """A run of the baseline: the method with all of its parameters, its worst case's attack, its headline figures.

    The verdict is that of the run.
    """

    label: str
    anonymizer: str
    params: dict[str, Any]
    worst_case: str
    verdict: Literal["certified", "open"]
    figures: dict[str, StoredEstimate] = Field(min_length=1)

    @field_validator("figures")
    @classmethod
    def _named(cls, figures: dict[str, StoredEstimate]) -> dict[str, StoredEstimate]:
        for text, figure in figures.items():
            FigureName.parse(text)
            figure.estimate()
        return figures

    @property
    def estimates(self) -> dict[FigureName, Estimate]:
        """The figures again, by their names."""
        return {FigureName.parse(text): figure.estimate() for text, figure in self.figures.items()}


class Baseline(Sealed):
    """What later runs are compared with; all runs share the fingerprint.

    `digest` is that of all else.
    """

    schema_version: Literal[2] = SCHEMA_VERSION
    privbench: str
    protocol: str
    fingerprint: str
    data_digest: str
    terms: dict[str, Any]
    runs: list[BaselineRun] = Field(min_length=1)
    digest: str

    @property
    def statistics(self) -> StatisticsSection:
        """How its runs make intervals. Raises PrivbenchError where its terms do not tell."""
        protocol = self.terms.get("protocol")
        told = protocol.get("statistics") if isinstance(protocol, dict) else None
        return validate(StatisticsSection, told, "the statistics of the baseline")

    def run_of(self, record: RunRecord) -> BaselineRun | None:
        """The run of the same method with the same parameters; None where there is none."""
        method = record.anonymizer
        return next((run for run in self.runs if (run.anonymizer, run.params) == (method.name, method.params)), None)


def make_baseline(folders: Sequence[Path]) -> Baseline:
    """The baseline of these runs.

    Raises:
        PrivbenchError: a folder holds no run, privacy was not judged, an attack is not proven to be trained, one method
            stands twice, or fingerprints differ.
    """
    records = [read_run(folder) for folder in folders]
    first, runs = records[0], []
    for record, folder in zip(records, folders, strict=True):
        require_same(first, record)
        worst = record.judged
        verdict = worst.verdict
        if verdict not in ("certified", "open"):
            raise PrivbenchError(
                f"The attack on {record.label} is {verdict}, so it can be no baseline "
                f"({worst.reason}): give the attack more training."
            )
        if record.contamination is not None:
            raise PrivbenchError(f"{record.label} can be no baseline, as {record.contamination}")
        headlines = [worst_case(metric) for metric in (AUC, RANK_1, MATCH)]
        of_utility = [] if record.utility_name is None else [record.utility_name]
        estimates = estimates_of(folder, record, (*headlines, copies_of(OTHERS), *of_utility))
        if not estimates.keys() >= {*of_utility}:
            raise PrivbenchError(f"{folder} lacks the estimate of its utility: run it again with --overwrite.")
        runs.append(
            BaselineRun(
                label=record.label,
                anonymizer=record.anonymizer.name,
                params=record.anonymizer.params,
                worst_case=worst.label,
                verdict=verdict,
                figures={str(name): StoredEstimate.of(estimate) for name, estimate in estimates.items()},
            )
        )
    if len({(run.anonymizer, str(run.params)) for run in runs}) < len(runs):
        raise PrivbenchError("Two of the runs are of one method with the same parameters: give one of them.")
    return Baseline(
        privbench=first.versions.get("privbench", ""),
        protocol=str(first.protocol["name"]),
        fingerprint=first.fingerprint,
        data_digest=first.data_digest,
        terms=first.terms,
        runs=runs,
        digest="",  # write_baseline seals it
    )


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Writes the file, whole or not at all, with the digest of what it tells."""
    write_text(path, baseline.sealed().model_dump_json() + "\n")


def read_baseline(path: Path) -> Baseline:
    """Reads the file. Raises PrivbenchError where it is none, or was changed since it was written."""
    baseline = parse_baseline(path)
    if baseline.digest != baseline.own_digest():
        raise PrivbenchError(
            f"{path} was changed since privbench wrote it, by hand or where versions were merged: make it anew with "
            "privbench baseline."
        )
    return baseline


def parse_baseline(path: Path) -> Baseline:
    """What stands in the file, changed or not. Raises PrivbenchError where it is no baseline."""
    text = read_text(path, "make it with privbench baseline")
    try:
        return Baseline.model_validate(exact_json.parse(text))
    except ValueError as error:
        why = told_by(error) if isinstance(error, ValidationError) else error
        raise PrivbenchError(
            f"{path} is no baseline of this privbench ({why}): make it anew with privbench baseline."
        ) from error
