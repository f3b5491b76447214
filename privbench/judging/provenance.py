"""Where a run's figures came from: do its stages fit together, and is what the store holds of them what they were?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ..record.folder import INFERENCE_SCORES, LINKAGE_SCORES, MEASUREMENTS, RETRIEVAL_SCORES, UTILITY_SCORES
from ..record.run import FILE, RunRecord, StageRecord
from ..record.scores import read_scores
from ..running.manifest import examine
from ..running.stage_names import DATA, INFERENCE_FILE, LINKAGE_FILE, RETRIEVAL_FILE, TASK_FILE
from ..running.store import Store

_SCORES = {
    "linkage": {LINKAGE_FILE: LINKAGE_SCORES, RETRIEVAL_FILE: RETRIEVAL_SCORES},
    "inference": {INFERENCE_FILE: INFERENCE_SCORES},
    "utility": {TASK_FILE: UTILITY_SCORES},
    "measure": {TASK_FILE: MEASUREMENTS},
}
"""Which files of a stage's kind make up which score files of a run."""
_ORIGIN = ("attack", "task", "scenario", "mode", "seed")


def stages_fit(record: RunRecord) -> Iterator[str]:
    """Every stage that is recorded as reading something else than the record's stage of that name put out."""
    put_out = {stage.name: stage.digest for stage in record.stages}
    if not any(put_out.values()):
        return  # an older privbench did not tell
    if put_out.get(str(DATA)) != record.data_digest:
        yield f"{FILE}: data_digest is not that of the stage {DATA}"
    for stage in record.stages:
        for name, digest in stage.inputs.items():
            if put_out.get(name) != digest:
                yield f"{FILE}: the stage {stage.name} read another {name} than the one that is recorded"


def store_fits(folder: Path, record: RunRecord, store: Path) -> Iterator[str]:
    """Every stage of the run that the store holds and that is not what it was, or not what the run's scores say.

    A store that no longer holds a stage, or never did, proves nothing.
    """
    for stage in record.stages:
        kind = stage.name.partition(" ")[0]
        place = Store(store).folder(kind, stage.key)
        manifest, damage = examine(place)
        if damage is not None:
            yield f"the stage {stage.name} in the store is not what was written ({damage}): {place}"
        elif manifest is not None and stage.digest and manifest.digest != stage.digest:
            yield f"the stage {stage.name} in the store put out something else than what the figures came from: {place}"
        elif manifest is not None:
            yield from _scores_fit(folder, stage, place, kind)


def _scores_fit(folder: Path, stage: StageRecord, place: Path, kind: str) -> Iterator[str]:
    for file, name in _SCORES.get(kind, {}).items():
        if not (place / file).is_file():
            continue
        made, told = read_scores(place / file), read_scores(folder / name)
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
