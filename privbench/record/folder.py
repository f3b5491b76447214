"""What lies in a run folder: how it is written, sealed with the record, and read."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from ..base.files import digests
from .estimates import FILE as ESTIMATES
from .examples import FILE as EXAMPLES
from .run import FILE, RunRecord
from .scores import (
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
    write_scores,
)
from .unpaired_scores import DRAW_COLUMNS, NEARNESS_COLUMNS, PATIENT_COLUMNS, UnpairedScores

LINKAGE_SCORES, RETRIEVAL_SCORES, SEARCH_SCORES, MATCHES = (
    f"scores/{name}.parquet" for name in ("linkage", "retrieval", "searches", "matches")
)
INFERENCE_SCORES, UTILITY_SCORES, MEASUREMENTS, COPY_SCORES = (
    f"scores/{name}.parquet" for name in ("inference", "utility", "measurements", "copies")
)
MEASURES = "scores/measures.json"
DRAW_SCORES, PATIENT_SCORES, NEARNESS_SCORES = (
    f"scores/{name}.parquet" for name in ("nearest", "patients", "nearness")
)
ANONYMIZER, ANONYMIZER_STATE = "anonymizer.json", "anonymizer.safetensors"
CONTACT_SHEET, CURVES, CURVES_PLOT = "contact_sheet.png", "training_curves.csv", "training_curves.png"
EVERY_RUN_HAS = (
    LINKAGE_SCORES, RETRIEVAL_SCORES, SEARCH_SCORES, MATCHES, INFERENCE_SCORES, UTILITY_SCORES, MEASUREMENTS,
    COPY_SCORES, MEASURES, ESTIMATES, ANONYMIZER, ANONYMIZER_STATE, CURVES, CURVES_PLOT,
)  # fmt: skip
"""What the record of a run vouches for with a digest; all but the state goes out where a run is shared."""
PUBLIC_RUNS_HAVE = (EXAMPLES, CONTACT_SHEET)
"""Pictures of originals, and so of nothing but data in which nobody is."""
UNPAIRED_RUNS_HAVE = (
    DRAW_SCORES, PATIENT_SCORES, NEARNESS_SCORES, COPY_SCORES, UTILITY_SCORES, ESTIMATES, ANONYMIZER, CURVES,
)  # fmt: skip
"""The same of a run of an unpaired release; without findings nothing is trained, and there is no curve to draw."""
SCORE_COLUMNS = {
    LINKAGE_SCORES: LINKAGE_COLUMNS, RETRIEVAL_SCORES: RETRIEVAL_COLUMNS, SEARCH_SCORES: SEARCH_COLUMNS,
    MATCHES: MATCH_COLUMNS, INFERENCE_SCORES: INFERENCE_COLUMNS, UTILITY_SCORES: UTILITY_COLUMNS,
    MEASUREMENTS: MEASUREMENT_COLUMNS, COPY_SCORES: COPIES_COLUMNS, DRAW_SCORES: DRAW_COLUMNS,
    PATIENT_SCORES: PATIENT_COLUMNS, NEARNESS_SCORES: NEARNESS_COLUMNS,
}  # fmt: skip
"""The columns of every score file that a run can have."""


def files_of(record: RunRecord) -> tuple[str, ...]:
    """What the folder of a run holds beside its record."""
    if record.unpaired is not None:
        return (*UNPAIRED_RUNS_HAVE, *((CURVES_PLOT,) if record.utilities else ()))
    return (*EVERY_RUN_HAS, *PUBLIC_RUNS_HAVE) if record.public else EVERY_RUN_HAS


def write_run_scores(
    folder: Path, attacks: AttackScores, readings: pd.DataFrame, measurements: pd.DataFrame, copies: pd.DataFrame
) -> None:
    """Writes the scores of all attacks and utility tasks of a run, and of what its images are copies."""
    (folder / LINKAGE_SCORES).parent.mkdir()
    tables = {
        LINKAGE_SCORES: attacks.linkage,
        RETRIEVAL_SCORES: attacks.retrieval,
        MATCHES: attacks.matches,
        SEARCH_SCORES: attacks.searches,
        INFERENCE_SCORES: attacks.inference,
        UTILITY_SCORES: readings,
        MEASUREMENTS: measurements,
        COPY_SCORES: copies,
    }
    for name, table in tables.items():
        write_scores(table, folder / name)
    told = [{"origin": asdict(origin), "measures": own} for origin, own in attacks.measures.items()]
    (folder / MEASURES).write_text(json.dumps(told, indent=1), encoding="utf-8")


def write_unpaired_scores(folder: Path, scores: UnpairedScores, readings: pd.DataFrame) -> None:
    """Writes what was found out of an unpaired release, and what tasks read that learnt from it."""
    (folder / DRAW_SCORES).parent.mkdir()
    tables = {
        DRAW_SCORES: scores.draws,
        PATIENT_SCORES: scores.patients,
        NEARNESS_SCORES: scores.nearness,
        COPY_SCORES: scores.originals,
        UTILITY_SCORES: readings,
    }
    for name, table in tables.items():
        write_scores(table, folder / name)


def read_unpaired(folder: Path) -> UnpairedScores:
    """What `write_unpaired_scores` wrote of the release."""
    names = (DRAW_SCORES, PATIENT_SCORES, NEARNESS_SCORES, COPY_SCORES)
    return UnpairedScores(*(read_scores(folder / name) for name in names))


def seal(folder: Path, record: RunRecord, without: str) -> RunRecord:
    """Writes the record, which from now on vouches for every file of the folder but the one of that name."""
    sealed = record.model_copy(update={"files": digests(folder, without)})
    (folder / FILE).write_text(sealed.model_dump_json(indent=1), encoding="utf-8")
    return sealed


def read_attack_scores(folder: Path) -> AttackScores:
    """The scores of all attacks of a run, from its folder."""
    told = json.loads((folder / MEASURES).read_text(encoding="utf-8"))
    return AttackScores(
        linkage=read_scores(folder / LINKAGE_SCORES),
        retrieval=read_scores(folder / RETRIEVAL_SCORES),
        inference=read_scores(folder / INFERENCE_SCORES),
        measures={AttackOrigin(**entry["origin"]): entry["measures"] for entry in told},
        matches=read_scores(folder / MATCHES),
        searches=read_scores(folder / SEARCH_SCORES),
    )
