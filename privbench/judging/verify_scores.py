"""What score files must satisfy whatever a release is like: labels, relations, arms and ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..data.splits import SPLITS
from ..record.folder import (
    COPY_SCORES,
    DRAW_SCORES,
    LINKAGE_SCORES,
    NEARNESS_SCORES,
    PATIENT_SCORES,
    SEARCH_SCORES,
    UTILITY_SCORES,
    read_attack_scores,
)
from ..record.scores import OTHER_PATIENT, read_scores
from ..record.unpaired_scores import UnpairedScores, galleries

_ROUNDING = 1e-6


def scores_hold(folder: Path) -> Iterator[str]:
    """What the scores of a run must satisfy and do not, whatever their values are, one sentence each."""
    attacks = read_attack_scores(folder)
    pairs = attacks.linkage
    wrong = pairs[pairs["mated"] != (pairs["probe_patient"] == pairs["reference_patient"])]
    if len(wrong):
        row = wrong.iloc[0]
        yield (
            f"{LINKAGE_SCORES}: {len(wrong)} pair(s) are labelled against their patients, first "
            f"{row['probe']} and {row['reference']} of {row['attack']} ({row['scenario']})"
        )
    yield from _relations(read_scores(folder / COPY_SCORES))
    tables = {LINKAGE_SCORES: pairs, SEARCH_SCORES: attacks.searches}
    for name, scores in (tables | {UTILITY_SCORES: read_scores(folder / UTILITY_SCORES)}).items():
        yield from _no_numbers(name, scores)


def unpaired_scores_hold(scores: UnpairedScores, readings: pd.DataFrame, learnt_from: Sequence[str]) -> Iterator[str]:
    """The same of an unpaired release and of what tasks read that learnt from it, by whom its generator learnt from."""
    patients = scores.patients
    if twice := int(patients["patient"].duplicated().sum()):
        yield f"{PATIENT_SCORES}: {twice} patient(s) are listed twice"
        return
    if not (patients["split"].isin(SPLITS) & (patients["images"] >= 1)).all():
        yield f"{PATIENT_SCORES}: some patients are of no split, or have no image"
    listed = patients.set_index("patient")
    yield from _draws(scores.draws, listed, learnt_from)
    yield from _nearness(scores.nearness, listed)
    found = scores.originals
    yield from _relations(found)
    yield from _listed(COPY_SCORES, found.dropna(subset="nearest"), "nearest_patient", listed)
    yield from _listed(COPY_SCORES, found.assign(split="test"), "patient", listed)
    yield from _outside(COPY_SCORES, found, "likeness")
    yield from _no_numbers(UTILITY_SCORES, readings)


def _draws(draws: pd.DataFrame, listed: pd.DataFrame, learnt_from: Sequence[str]) -> Iterator[str]:
    implied = galleries([name for name in SPLITS if (listed["split"] == name).any()], learnt_from)
    if (arms := set(draws["arm"])) != implied.keys():
        told = ", ".join(map(repr, sorted(map(str, arms)))) or "none"
        yield f"{DRAW_SCORES}: the arms are {told}, where those learnt from give {', '.join(map(repr, implied))}"
    images = draws["image"].nunique()
    for arm, part in draws.groupby("arm"):
        if part["image"].duplicated().any() or part["image"].nunique() != images:
            yield f"{DRAW_SCORES}: the arm {arm} does not tell of each released image once"
        own = listed[listed["split"].isin(implied.get(str(arm), []))]
        if not ((part["originals"] == own["images"].sum()) & (part["original_patients"] == len(own))).all():
            yield f"{DRAW_SCORES}: the arm {arm} tells another number of originals, or of patients, than are listed"
        if strange := int((~part["split"].dropna().isin(implied.get(str(arm), []))).sum()):
            what = f"{strange} image(s) of the arm {arm} are most like originals of splits that are not in it"
            yield f"{DRAW_SCORES}: {what}"
    first = draws[["image", "picture"]].drop_duplicates()
    named = first.set_index("image")["picture"] if not first["image"].duplicated().any() else None
    if (
        named is None
        or not (named.reindex(first["picture"]).to_numpy(object) == first["picture"].to_numpy(object)).all()
    ):
        yield f"{DRAW_SCORES}: which images are one picture is told in two ways"
    there = draws["nearest"].notna()
    if (draws.loc[~there, "exact"] | (draws.loc[~there, "likeness"] > 0)).any():
        yield f"{DRAW_SCORES}: some images are like an original, and like none"
    yield from _listed(DRAW_SCORES, draws[there], "nearest_patient", listed)
    yield from _outside(DRAW_SCORES, draws, "likeness")


def _nearness(nearness: pd.DataFrame, listed: pd.DataFrame) -> Iterator[str]:
    yield from _listed(NEARNESS_SCORES, nearness, "patient", listed)
    more = nearness["patient"].value_counts()
    if over := int((more > listed["images"].reindex(more.index)).sum()):
        yield f"{NEARNESS_SCORES}: {over} patient(s) have more images than are listed of them"
    if both := int((nearness.groupby("patient")["known"].nunique() > 1).sum()):
        yield f"{NEARNESS_SCORES}: {both} patient(s) are known to the attacker, and judged"
    yield from _outside(NEARNESS_SCORES, nearness, "nearness", "difficulty")


def _listed(name: str, rows: pd.DataFrame, column: str, listed: pd.DataFrame) -> Iterator[str]:
    """Whose patients are none of those who are listed, or of another split there."""
    split = listed["split"].reindex(rows[column]).to_numpy(object)
    wrong = rows[column][split != rows["split"].to_numpy(object)]
    if len(wrong):
        yield f"{name}: {wrong.nunique()} patient(s) are not listed in that split, first {wrong.iloc[0]}"


def _outside(name: str, rows: pd.DataFrame, *columns: str) -> Iterator[str]:
    for column in columns:
        values = rows[column].astype(float).to_numpy()
        if wrong := int((~((values >= -_ROUNDING) & (values <= 1 + _ROUNDING))).sum()):
            yield f"{name}: {wrong} value(s) of {column} are not from 0 to 1"


def _relations(copies: pd.DataFrame) -> Iterator[str]:
    copies = copies.dropna(subset="nearest")
    wrong = copies[(copies["relation"] == OTHER_PATIENT) == (copies["nearest_patient"] == copies["patient"])]
    if len(wrong):
        row = wrong.iloc[0]
        yield (
            f"{COPY_SCORES}: {len(wrong)} image(s) are related to originals against their patients, first "
            f"{row['image']} to {row['nearest']}"
        )


def _no_numbers(name: str, scores: pd.DataFrame) -> Iterator[str]:
    if not (finite := np.isfinite(scores["score"].astype(float))).all():
        yield f"{name}: {int((~finite).sum())} score(s) are no numbers"
