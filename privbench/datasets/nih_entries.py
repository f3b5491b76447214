"""The table that ChestX-ray14 comes with, as its releases of 2017 and 2020 write it."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError, nearest
from ..base.files import read_text
from ..data.exclusion import Exclusion
from ..data.problems import Problem, raise_problems
from .findings import FINDINGS

REMEDY = "ChestX-ray14 comes with it, download it from the NIH"
_NO_FINDING = "No Finding"
_COLUMNS = {
    "Image Index": "image",
    "Patient ID": "patient",
    "Follow-up #": "follow_up",
    "Patient Age": "age",
    "Patient Gender": "sex",
    "View Position": "view",
    "Finding Labels": "labels",
}
# The published header names two columns `OriginalImage[Width,Height]`, and two `OriginalImagePixelSpacing[x,y]`.
_EXTENTS = {
    "spacing_x": ("OriginalImagePixelSpacing[x", "OriginalImage[Width"),
    "spacing_y": ("y]", "Height]"),
}


def read_entries(path: Path, exclude: Exclusion) -> pd.DataFrame:
    """The rows that are kept: privbench's columns, the millimetres that each image spans, a 0/1 column a finding."""
    try:
        raw = pd.read_csv(StringIO(read_text(path, REMEDY)), dtype=str, index_col=False, na_filter=False)
    except ValueError as error:  # pandas' parser errors and undecodable text
        raise PrivbenchError(f"{path} is no CSV table ({error}): download it again.") from error
    missing = [column for column in _COLUMNS if column not in raw.columns]
    if missing:
        raise PrivbenchError(f"{path} lacks the column {missing[0]!r}: use the published table.")
    raw = raw[exclude.keeps(raw["Image Index"])]
    entries = raw[list(_COLUMNS)].rename(columns=_COLUMNS)
    # The first release of the table writes ages as 058Y, the second as 58.
    entries["age"] = entries["age"].str.removesuffix("Y")
    wrong = [problem for column in ("follow_up", "age") for problem in _no_numbers(entries, column, path)]
    raise_problems([*wrong, *_unknown_labels(entries, path)])
    for column in ("follow_up", "age"):
        entries[column] = pd.to_numeric(entries[column].where(entries[column] != ""))
    labels = entries.pop("labels").str.split("|")
    for column, (spacing, extent) in _EXTENTS.items():
        entries[column] = _positive(raw, spacing) * _positive(raw, extent)
    for finding in FINDINGS:
        entries[finding] = np.array([finding in named for named in labels], np.uint8)
    return entries


def _no_numbers(entries: pd.DataFrame, column: str, path: Path) -> Iterator[Problem]:
    """Where some of the column are neither numbers nor empty."""
    texts = entries[column]
    wrong = entries[pd.to_numeric(texts, errors="coerce").isna() & (texts != "")]
    if len(wrong):
        row = wrong.iloc[0]
        text = (
            f"{path}: image {row['image']} has {row[column]!r} where a number for {column} belongs ({len(wrong)} such):"
            " mend it, or leave it empty."
        )
        yield Problem("wrong entry", text, tuple(wrong["image"]))


def _unknown_labels(entries: pd.DataFrame, path: Path) -> Iterator[Problem]:
    known = {*FINDINGS, _NO_FINDING}
    labels = entries.set_index("image")["labels"].str.split("|").explode()
    unknown = labels[~labels.isin(known)]
    for label, images in unknown.groupby(unknown.to_numpy(), sort=False).groups.items():
        text = f"{path}: image {images[0]} has the unknown label {label!r}: {nearest(str(label), known)}"
        yield Problem("unknown label", text, tuple(images.unique()))


def _positive(raw: pd.DataFrame, column: str) -> pd.Series:
    """The column's numbers, NaN where it holds none above 0, or where there is no such column."""
    if column not in raw.columns:
        return pd.Series(np.nan, index=raw.index)
    numbers = pd.to_numeric(raw[column], errors="coerce")
    return numbers.where((numbers > 0) & np.isfinite(numbers))
