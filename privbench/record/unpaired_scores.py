"""Score files of releases whose images are of no one original: what each is most like, and what is nearest to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..data.splits import Split
from .scores import without_order

if TYPE_CHECKING:  # the search itself loads torch
    from ..metrics.copies import Nearest

DRAW_COLUMNS = [
    "arm", "image", "picture", "originals", "original_patients",
    "split", "nearest", "nearest_patient", "exact", "likeness",
]  # fmt: skip
LEARNT, HELD_OUT = "learnt", "held out"
"""Beside whom released images without an original are set: patients whom the generator learnt from and test patients,
or patients of another split, as a control, and the same test patients."""
NEARNESS_COLUMNS = ["split", "image", "patient", "known", "nearness", "difficulty"]
PATIENT_COLUMNS = ["split", "patient", "images"]


@dataclass(frozen=True)
class UnpairedScores:
    """What was found out of a release whose images are of no one original, under the columns named above.

    `draws` has a row a released image and arm: the most alike original, and as its `picture` the first released image
    that it equals to the bit, which is itself where it is the first. `patients` lists all of them. `nearness` tells
    of originals how alike the most alike released image is, and, as their difficulty, the most alike original of other
    patients that are `known`, by which the attack is calibrated; the rest are judged. `originals` has the rows of test
    originals of a copies file.
    """

    draws: pd.DataFrame
    patients: pd.DataFrame
    nearness: pd.DataFrame
    originals: pd.DataFrame


def galleries(splits: Sequence[str], learnt_from: Sequence[str]) -> dict[str, list[str]]:
    """The splits of each arm's gallery; without a control where the generator learnt from all but the test."""
    held_out = [name for name in splits if name not in (*learnt_from, "test")]
    arms = {LEARNT: [*learnt_from, "test"], HELD_OUT: [*held_out, "test"]}
    return arms if held_out else {LEARNT: arms[LEARNT]}


def drawn_nearest(
    arm: str,
    names: Sequence[str],
    pictures: Sequence[str],
    gallery: pd.DataFrame,
    near: Nearest,
    exact: np.ndarray,
) -> pd.DataFrame:
    """One row a released image of these names: which original of the gallery it is most like, whose, and how much.

    `pictures` are the names of the first images that they equal. The gallery tells image, patient and split of
    originals. Shape: near and exact (n,) each.
    """
    there = near.rows >= 0
    told = {
        called: np.where(there, gallery[column].to_numpy(object)[near.rows], None)
        for called, column in (("split", "split"), ("nearest", "image"), ("nearest_patient", "patient"))
    }
    about = {"arm": arm, "image": list(names), "picture": list(pictures), "originals": len(gallery)}
    about["original_patients"] = gallery["patient"].nunique()
    return pd.DataFrame(about | told | {"exact": exact & there, "likeness": near.likeness}, columns=DRAW_COLUMNS)


def near_originals(split: Split, name: str, known: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    """One row an original. Shape: known (N,), bool; values (N, 2), nearness and difficulty, 0 to 1."""
    told = split.told[["image", "patient"]].assign(
        split=name, known=known, nearness=values[:, 0], difficulty=values[:, 1]
    )[NEARNESS_COLUMNS]
    return without_order(told, split, "image")


def patients_of(split: Split, name: str) -> pd.DataFrame:
    """One row a patient of the split, and how many images there are of him."""
    counts = split.told["patient"].value_counts().sort_index()
    return pd.DataFrame({"split": name, "patient": counts.index, "images": counts.to_numpy()}, columns=PATIENT_COLUMNS)
