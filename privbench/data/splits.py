"""Splits that are disjoint by patient, and the part of the data that belongs to one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.seeds import numpy_generator
from .pairs import Pairs
from .patients import patient_codes
from .pseudonyms import PSEUDONYMS, told
from .visits import visit_codes

SPLITS = ("train", "val", "test")
COLUMNS = ("image", "patient", "study", "follow_up", "age", "sex", "view", "split")
UNKNOWN = {"study": "", "follow_up": np.nan, "age": np.nan, "sex": "", "view": ""}
"""What stands in the columns that not every data set knows, where nobody told it."""
SPACING = ("spacing_x", "spacing_y")
"""Columns that a table may have: millimetres in the patient per pixel of the image, NaN where nobody knows."""
MADE_FROM = "made_from"
"""A column that a table may have: a text that tells what an image's pixels are made from, such as a file as it was."""
CELLS = 8
"""Cells a side of the coarse grid in which findings are located."""


@dataclass(frozen=True)
class Split:
    """One part of the data: its images, its table, and verification pairs of its rows.

    Masks and locations are None where the data set knows none; they stay those of the original images.

    Shape: images (N, 1, H, W), uint8; table: N rows; pairs: rows of these images; masks (N, 1, H, W), uint8, bit 1
    lungs, bit 2 heart; locations (N, findings, CELLS, CELLS), uint8, the share of each cell of a coarse grid that a
    finding covers, 255 the whole; 0 everywhere where nobody told its place.
    """

    images: np.ndarray
    table: pd.DataFrame
    findings: tuple[str, ...]
    pairs: Pairs
    masks: np.ndarray | None = None
    locations: np.ndarray | None = None

    @property
    def patients(self) -> np.ndarray:
        """Of each image the place of its patient's text among the split's sorted ones. Shape: (N,), int64.

        They tell the patients of one split apart, and say nothing of those of another one.
        """
        return patient_codes(self.table["patient"])

    @property
    def visits(self) -> np.ndarray:
        """Of each image a number that those of the same visit of a patient share. Shape: (N,), int64."""
        return visit_codes(self.table)

    @property
    def pseudonymous(self) -> bool:
        """Whether records tell its images and patients under pseudonyms."""
        return bool(set(PSEUDONYMS.values()) & set(self.table.columns))

    @cached_property
    def told(self) -> pd.DataFrame:
        """The table as records may tell it: images and patients under their pseudonyms, unless the data are public."""
        return told(self.table)

    def knows(self, what: str) -> bool:
        """Whether the data set told findings, masks or locations."""
        known = getattr(self, what)
        return known is not None and len(known) > 0

    @property
    def labels(self) -> np.ndarray:
        """1 where a finding is present, 0 where it is absent, NaN where nobody said. Shape: (N, findings), float32."""
        return self.table[list(self.findings)].to_numpy(np.float32, copy=True)  # torch wants to be able to write

    def among(self, rows: np.ndarray) -> Split:
        """Those rows alone, with the pairs among them. Shape: rows (n,), int.

        Rows that follow on one another are a view of the arrays, which may lie on a disk; others are copied.
        """
        start = int(rows[0]) if len(rows) else 0
        follow = np.array_equal(rows, np.arange(start, start + len(rows)))
        taken = slice(start, start + len(rows)) if follow else rows
        masks, locations = (None if known is None else known[taken] for known in (self.masks, self.locations))
        table = self.table.iloc[rows].reset_index(drop=True)
        return Split(self.images[taken], table, self.findings, self.pairs.among(rows), masks, locations)

    def with_images(self, images: np.ndarray) -> Split:
        """The same split with other pixels: the released images in place of the originals."""
        return replace(self, images=images)


def pairs_digests(pairs: Mapping[str, Pairs], *names: str) -> dict[str, dict[str, str]]:
    """What tells the pairs of the named splits from others, for a stage's configuration."""
    return {"pairs": {name: pairs[name].digest for name in names}}


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
