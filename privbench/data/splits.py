"""Splits that are disjoint by patient, and the part of the data that belongs to one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.seeds import numpy_generator
from .pairs import Pairs

SPLITS = ("train", "val", "test")
COLUMNS = ("image", "patient", "follow_up", "age", "sex", "view", "split")
SPACING = ("spacing_x", "spacing_y")
"""Columns that a table may have: millimetres in the patient per pixel of the image, NaN where nobody knows."""
CELLS = 8
"""Cells a side of the coarse grid in which findings are located."""


@dataclass(frozen=True)
class Split:
    """One part of the data: its images, its table, and verification pairs of its rows.

    Masks and locations are None where the data set knows none; they stay those of the original images.

    Shape: images (N, 1, H, W), uint8; table: N rows; pairs: rows of these images; masks (N, 1, H, W), uint8, bit 1
    lungs, bit 2 heart; locations (N, findings, CELLS, CELLS), uint8, the share of each cell of a coarse grid that a
    reported finding covers, 255 the whole.
    """

    images: np.ndarray
    table: pd.DataFrame
    findings: tuple[str, ...]
    pairs: Pairs
    masks: np.ndarray | None = None
    locations: np.ndarray | None = None

    @property
    def patients(self) -> np.ndarray:
        """The patient of each image. Shape: (N,), int64."""
        return self.table["patient"].to_numpy(np.int64)

    @property
    def labels(self) -> np.ndarray:
        """1 where a finding is present, 0 where it is absent, NaN where nobody said. Shape: (N, findings), float32."""
        return self.table[list(self.findings)].to_numpy(np.float32)

    def with_images(self, images: np.ndarray) -> Split:
        """The same split with other pixels: the released images in place of the originals."""
        return replace(self, images=images)


def pairs_digests(splits: Mapping[str, Split], *names: str) -> dict[str, dict[str, str]]:
    """What tells the pairs of the named splits from others, for a stage's configuration."""
    return {"pairs": {name: splits[name].pairs.digest for name in names}}


def hold_out_validation(table: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Moves the given share of the train_val patients to val, the rest to train; drawn by seed.

    A table that names its own train and val rows is left as it is.
    """
    open_rows = table["split"] == "train_val"
    if not open_rows.any():
        return table
    patients = np.sort(table.loc[open_rows, "patient"].unique())
    held_out = max(1, round(share * len(patients)))
    if held_out >= len(patients):
        raise PrivbenchError(
            f"Holding out {held_out} of {len(patients)} train_val patients for validation leaves none to train on: "
            "lower data.validation or add patients."
        )
    chosen = numpy_generator(seed, "validation patients").choice(patients, held_out, replace=False)
    in_val = open_rows & table["patient"].isin(chosen)
    return table.assign(split=np.where(in_val, "val", np.where(open_rows, "train", table["split"])))


def check_rows(table: pd.DataFrame, findings: tuple[str, ...]) -> None:
    """Raises PrivbenchError unless the columns hold what belongs there and no patient stands in two splits.

    A label is 0, 1 or NaN, which is unknown; a spacing is above 0 or NaN, and given along both axes or along none.
    """
    spacing = SPACING if any(c in table.columns for c in SPACING) else ()
    missing = [c for c in (*COLUMNS, *spacing, *findings) if c not in table.columns]
    if missing:
        raise PrivbenchError(f"The data set's table lacks the column {missing[0]!r}: add it.")
    if not pd.api.types.is_integer_dtype(table["patient"]) or (table["patient"] < 0).any():
        raise PrivbenchError("The data set's table must number its patients with integers, from 0.")
    for finding in findings:
        if not (table[finding].isin([0, 1]) | table[finding].isna()).all():
            raise PrivbenchError(f"The data set's table must hold 0 or 1 for {finding!r}, or NaN where it is unknown.")
    for column in spacing:
        numbers = pd.to_numeric(table[column], errors="coerce")
        if not (table[column].isna() | numbers.between(0, np.inf, inclusive="neither")).all():
            raise PrivbenchError(
                f"The data set's table must hold millimetres above 0 for {column!r}, or NaN where they are unknown."
            )
    doubled = table["image"][table["image"].duplicated()]
    if len(doubled):
        raise PrivbenchError(f"Image {doubled.iloc[0]} is listed twice: list every image once.")
    per_patient = table.groupby("patient")["split"].nunique()
    shared = per_patient.index[per_patient > 1].tolist()
    if shared:
        named = ", ".join(map(str, shared[:5])) + (f" and {len(shared) - 5} more" if len(shared) > 5 else "")
        raise PrivbenchError(
            f"{len(shared)} patient(s) stand in more than one split, which would leak their identity into the test: "
            f"{named}; move all images of a patient to one split list."
        )


def check_table(table: pd.DataFrame, findings: tuple[str, ...]) -> None:
    """Raises PrivbenchError unless the rows are sound, every split has some, and every finding has training labels."""
    check_rows(table, findings)
    foreign = table[~table["split"].isin(SPLITS)]
    if len(foreign):
        row = foreign.iloc[0]
        raise PrivbenchError(f"Image {row['image']} is of split {row['split']!r}: use one of {', '.join(SPLITS)}.")
    empty = [s for s in SPLITS if not (table["split"] == s).any()]
    if empty:
        raise PrivbenchError(f"The {empty[0]} split holds no image: check the split lists.")
    unlabelled = [finding for finding in findings if table.loc[table["split"] == "train", finding].isna().all()]
    if unlabelled:
        raise PrivbenchError(
            f"No training image is labelled for {unlabelled[0]!r}, so nothing can be learnt of it: leave it out of the "
            "data set's findings."
        )
