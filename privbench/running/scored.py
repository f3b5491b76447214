"""The scores of a run, from the stages that put them out; and all figures, from the scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from ..evaluate.run import evaluate
from ..evaluate.unpaired import Provenance, evaluate_unpaired
from ..protocols.schema import Protocol
from ..record.estimates import FILE as ESTIMATES
from ..record.estimates import write_estimates
from ..record.figures import write_figures
from ..record.scores import (
    COPIES_COLUMNS,
    INFERENCE_COLUMNS,
    LINKAGE_COLUMNS,
    MATCH_COLUMNS,
    MEASUREMENT_COLUMNS,
    RETRIEVAL_COLUMNS,
    SEARCH_COLUMNS,
    UTILITY_COLUMNS,
    AttackOrigin,
    AttackScores,
    read_scores,
    stacked,
)
from ..record.unpaired_scores import DRAW_COLUMNS, NEARNESS_COLUMNS, PATIENT_COLUMNS, UnpairedScores
from .stage_names import (
    COPIES_FILE,
    INFERENCE_FILE,
    LINKAGE_FILE,
    MATCHES_FILE,
    MEASURES_FILE,
    NEAREST_FILE,
    NEARNESS_FILE,
    PATIENTS_FILE,
    RETRIEVAL_FILE,
    SEARCH_FILE,
    TASK_FILE,
    StageName,
)

if TYPE_CHECKING:
    from ..engine.node import Reads
    from ..learning.context import Context


class RunScores(NamedTuple):
    """What attacks and utility tasks said, the latter log-odds of findings and values of images; and what is alike."""

    attacks: AttackScores
    readings: pd.DataFrame
    measurements: pd.DataFrame
    copies: pd.DataFrame


def read_run_scores(reads: Reads) -> RunScores:
    """The scores that stages put out, in the order in which they are told; others hold none and are passed over."""

    def told(kind: str, file: str) -> list[pd.DataFrame]:
        return _files_of(reads, kind, file)

    attacks = AttackScores(
        linkage=stacked(told("linkage", LINKAGE_FILE), LINKAGE_COLUMNS),
        retrieval=stacked(told("linkage", RETRIEVAL_FILE), RETRIEVAL_COLUMNS),
        inference=stacked(told("inference", INFERENCE_FILE), INFERENCE_COLUMNS),
        measures={
            _origin(name): json.loads((place / MEASURES_FILE).read_text(encoding="utf-8"))
            for name, place in reads.items()
            if (place / MEASURES_FILE).exists()
        },
        matches=stacked(told("linkage", MATCHES_FILE), MATCH_COLUMNS),
        searches=stacked(told("linkage", SEARCH_FILE), SEARCH_COLUMNS),
    )
    readings = stacked(told("utility", TASK_FILE), UTILITY_COLUMNS)
    measurements = stacked(told("measure", TASK_FILE), MEASUREMENT_COLUMNS)
    return RunScores(attacks, readings, measurements, stacked(told("copies", COPIES_FILE), COPIES_COLUMNS))


def read_unpaired_scores(reads: Reads) -> tuple[UnpairedScores, pd.DataFrame]:
    """What was found out of an unpaired release, and what tasks read that learnt from it."""

    def told(kind: str, file: str, columns: Sequence[str]) -> pd.DataFrame:
        return stacked(_files_of(reads, kind, file), columns)

    scores = UnpairedScores(
        draws=told("nearest", NEAREST_FILE, DRAW_COLUMNS),
        patients=told("nearest", PATIENTS_FILE, PATIENT_COLUMNS),
        nearness=told("nearness", NEARNESS_FILE, NEARNESS_COLUMNS),
        originals=told("copies", COPIES_FILE, COPIES_COLUMNS),
    )
    return scores, told("utility", TASK_FILE, UTILITY_COLUMNS)


def _files_of(reads: Reads, kind: str, file: str) -> list[pd.DataFrame]:
    """The files of that name of all stages of a kind, as far as they have one."""
    return [read_scores(place / file) for name, place in reads.items() if name.kind == kind and (place / file).exists()]


def _origin(name: StageName) -> AttackOrigin:
    attack, scenario = name.of
    return AttackOrigin(attack, scenario, name.number or 0)


@dataclass(frozen=True)
class Evaluate:
    """Makes all figures of a run. The versions are those of attacks and utility tasks, by their names."""

    protocol: Protocol
    attack_versions: Mapping[str, str]
    utility_versions: Mapping[str, str]

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        scores = read_run_scores(reads)
        evaluation = evaluate(*scores, self.protocol, self.attack_versions, self.utility_versions)
        write_figures(evaluation.figures, folder)
        write_estimates(evaluation.estimates, folder / ESTIMATES)


@dataclass(frozen=True)
class EvaluateUnpaired:
    """Makes all figures of the run of an unpaired release. The versions are those of utility tasks, by their names."""

    protocol: Protocol
    utility_versions: Mapping[str, str]
    told: Provenance

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        scores, readings = read_unpaired_scores(reads)
        evaluation = evaluate_unpaired(scores, readings, self.protocol, self.utility_versions, self.told)
        write_figures(evaluation.figures, folder)
        write_estimates(evaluation.estimates, folder / ESTIMATES)
