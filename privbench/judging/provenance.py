"""Where a run's figures came from: do its stages fit together, and is what the store holds of them what they were?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from ..engine.manifest import examine
from ..engine.store import Store
from ..evaluate.coarse import coarsened
from ..protocols.kinds import CONTROL
from ..protocols.scenarios import FLOOR
from ..record.estimates import FILE as ESTIMATES
from ..record.examples import FILE as EXAMPLES_FILE
from ..record.figures import read_figures
from ..record.folder import (
    ANONYMIZER_STATE,
    COPY_SCORES,
    DRAW_SCORES,
    INFERENCE_SCORES,
    LINKAGE_SCORES,
    MATCHES,
    MEASUREMENTS,
    NEARNESS_SCORES,
    PATIENT_SCORES,
    RETRIEVAL_SCORES,
    SEARCH_SCORES,
    UTILITY_SCORES,
)
from ..record.nameless import NAMES
from ..record.run import FILE, RunRecord, StageRecord
from ..record.scores import read_scores
from ..record.shared import Withheld
from ..running.run_folder import withheld_from
from ..running.stage_names import (
    ANONYMIZER,
    COPIES_FILE,
    DATA,
    DRAWS,
    EXAMPLES,
    FIGURES,
    INFERENCE_FILE,
    LINKAGE_FILE,
    MATCHES_FILE,
    NEAREST,
    NEAREST_FILE,
    NEARNESS,
    NEARNESS_FILE,
    PATIENTS_FILE,
    RELEASE,
    RETRIEVAL_FILE,
    SEARCH_FILE,
    TASK_FILE,
)

_SCORES: dict[str, dict[str, str]] = {
    "linkage": {
        LINKAGE_FILE: LINKAGE_SCORES,
        RETRIEVAL_FILE: RETRIEVAL_SCORES,
        SEARCH_FILE: SEARCH_SCORES,
        MATCHES_FILE: MATCHES,
    },
    "inference": {INFERENCE_FILE: INFERENCE_SCORES},
    "utility": {TASK_FILE: UTILITY_SCORES},
    "measure": {TASK_FILE: MEASUREMENTS},
    "copies": {COPIES_FILE: COPY_SCORES},
    "nearest": {NEAREST_FILE: DRAW_SCORES, PATIENTS_FILE: PATIENT_SCORES},
    "nearness": {NEARNESS_FILE: NEARNESS_SCORES},
}
"""Which files of a stage's kind make up which score files of a run."""
_ORIGIN = ("attack", "task", "scenario", "mode", "seed", "shown")
_NEEDED = (DATA, ANONYMIZER, RELEASE, EXAMPLES)
_UNPAIRED_NEEDED = (DATA, DRAWS, NEAREST, NEARNESS)
_STATE = "state.safetensors"  # as learning.states calls it, which loads torch
_COPIES = {
    str(ANONYMIZER): (_STATE, ANONYMIZER_STATE),
    str(EXAMPLES): (EXAMPLES_FILE, EXAMPLES_FILE),
    str(FIGURES): (ESTIMATES, ESTIMATES),
}
"""Files of stages of which a run folder has copies, and the names of these."""


def stages_fit(folder: Path, record: RunRecord) -> Iterator[str]:
    """Every stage that the record lacks, or tells as reading something else than the record's stage of that name.

    Args:
        folder: the run's, whose scores tell which stages there were.
        record: of the run; what it leaves out is missing.
    """
    put_out = {stage.name: stage.digest for stage in record.stages}
    needed = _NEEDED if record.unpaired is None else _UNPAIRED_NEEDED
    for name in dict.fromkeys([*map(str, needed), *_scored(folder)]):
        if not put_out.get(name):
            yield f"{FILE}: what the stage {name} put out is missing"
    if put_out.get(str(DATA), record.data_digest) != record.data_digest:
        yield f"{FILE}: data_digest is not that of the stage {DATA}"
    for stage in record.stages:
        for name, digest in stage.inputs.items():
            if put_out.get(name) != digest:
                yield f"{FILE}: the stage {stage.name} read another {name} than the one that is recorded"


def _scored(folder: Path) -> Iterator[str]:
    """The names of the stages that a run's scores tell to come from."""
    for kind, files in _SCORES.items():
        # What is missing is told elsewhere, unless the run's schema did not know it.
        for name in (name for name in files.values() if (folder / name).is_file()):
            scores = read_scores(folder / name)
            of_stage = [column for column in _ORIGIN if column in scores]
            if not of_stage:
                yield kind
                continue
            origins = scores[of_stage].drop_duplicates()
            for *of, last in origins.astype(str).itertuples(index=False):
                yield f"{kind} {of[0]}" if of == [FLOOR, CONTROL] else " ".join([kind, *of, last])


def compared(record: RunRecord, store: Path) -> str:
    """With what the stages of a run could be compared, in a clause."""
    there = sum(_place_of(stage, store).exists() for stage in record.stages)
    return f"{there} of {len(record.stages)} stages compared with the store"


def store_fits(folder: Path, record: RunRecord, store: Path) -> Iterator[str]:
    """Every stage of the run that the store holds and that is not what it was, or not what the run's scores say.

    A store that no longer holds a stage, or never did, proves nothing.
    """
    scores = cache(lambda name: read_scores(folder / name))  # one file holds what many stages put out
    withheld = withheld_from(folder)
    for stage in record.stages:
        place = _place_of(stage, store)
        manifest, damage = examine(place)
        if damage is not None:
            yield f"the stage {stage.name} in the store is not what was written ({damage}): {place}"
        elif manifest is not None and stage.digest and manifest.digest != stage.digest:
            yield f"the stage {stage.name} in the store put out something else than what the figures came from: {place}"
        elif manifest is not None:
            yield from _scores_fit(stage, place, scores, withheld)
            if stage.name == str(FIGURES) and read_figures(place) != record.figures:
                yield f"{FILE}: the figures are not those that the stage {stage.name} put out"
            file, copy = _COPIES.get(stage.name, ("", ""))
            if copy in record.files and record.files[copy] != manifest.files.get(file):
                yield f"{copy} is not what the stage {stage.name} put out"


def _place_of(stage: StageRecord, store: Path) -> Path:
    return Store(store).folder(stage.name.partition(" ")[0], stage.key)


def _scores_fit(
    stage: StageRecord, place: Path, scores: Callable[[str], pd.DataFrame], withheld: Collection[Withheld]
) -> Iterator[str]:
    """Where the run's scores, by the names of their files, are not those that the stage put out.

    Those of a shared run are not exact in what its figures do not need.
    """
    for file, name in _SCORES.get(place.parent.name, {}).items():
        if not (place / file).is_file():
            continue
        made, told = read_scores(place / file), scores(name)
        if Withheld.AGES in withheld:
            made = coarsened(name, made)
        if Withheld.NAMES in withheld:
            made, told = (table.drop(columns=[*NAMES], errors="ignore") for table in (made, told))
        for column in _ORIGIN:
            if column in made and len(made):
                told = told[told[column] == made[column].iloc[0]]
        if len(made) and not _same_rows(made, told):
            yield f"{name}: the scores of the stage {stage.name} are not those that it put out"


def _same_rows(made: pd.DataFrame, told: pd.DataFrame) -> bool:
    """Whether two tables hold the same, however their numbers are stored."""
    if list(made.columns) != list(told.columns) or len(made) != len(told):
        return False
    return all(_same_values(made[column], told[column]) for column in made)


def _same_values(made: pd.Series, told: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(made) and pd.api.types.is_numeric_dtype(told):
        return np.array_equal(
            made.to_numpy(float, na_value=np.nan), told.to_numpy(float, na_value=np.nan), equal_nan=True
        )
    return made.astype(str).tolist() == told.astype(str).tolist()
