"""What people write into tables of radiographs, as what a data set tells: by stated rules, or refused by the image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from ..data.patients import SHORTENED
from ..data.problems import Problem, raise_problems
from ..data.table import OLDEST

Uncertain = Literal["unknown", "positive", "negative"]
"""What a label of -1 counts as."""

SPLITS: Mapping[str, str] = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validate": "val", "validation": "val",
    "test": "test", "testing": "test",
    "train_val": "train_val", "trainval": "train_val",
}  # fmt: skip
"""What each word for a split means, in small letters."""
_LABELS: Mapping[str, float] = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0, "": np.nan}
_OF_UNCERTAIN: Mapping[Uncertain, float] = {"unknown": np.nan, "positive": 1, "negative": 0}
_SEXES = {"m": "M", "male": "M", "f": "F", "female": "F"}
_VIEWS = {
    "pa": "PA", "posteroanterior": "PA", "paerect": "PA",
    "ap": "AP", "anteroposterior": "AP", "aperect": "AP", "apsupine": "AP", "aphorizontal": "AP",
}  # fmt: skip
"""In small letters, and without whatever else stands between them."""
_AGE = re.compile(
    r"(?:>=?|≥|over)?\s*(?:(?P<dicom>\d{3})(?P<letter>[ymwd])"
    r"|(?P<number>\d+(?:\.\d+)?)\s*(?P<word>years?|months?|weeks?|days?)?)"
    r"\s*(?:\+|or (?:more|older|above|over)|and (?:over|older|above|more))?"
)
_NO_STUDY = ("na", "n/a", "none", "nan", "unknown", "-")
_DATE = r"\d{4}-\d{2}-\d{2}.*|\d{8}"
_PER_YEAR = {"y": 1, "m": 12, "w": 365.25 / 7, "d": 365.25}


def read_ages(texts: pd.Series) -> pd.Series:
    """Years, NaN where a text tells none, or more than anybody reaches.

    As 58, 58.5, 18 months, 058Y, 007M (months; also W and D, after three digits) and, of ages that are told as a lower
    bound, as 85+, >85 or 85 or more, where the bound stands for the age.
    """
    return texts.map({text: _years(text.strip().lower()) for text in texts.unique()}).astype(float)


def read_studies(texts: pd.Series) -> pd.Series:
    """Any texts, empty where nobody tells one, as NA, n/a, none, nan, unknown and - say, too.

    Raises:
        DataError: a spreadsheet has cut some short, so that several studies may be one.
    """
    told = texts.str.strip()
    _refuse(texts, told.str.fullmatch(SHORTENED), "a spreadsheet has cut a number short: export it as text")
    return told.mask(told.str.lower().isin(_NO_STUDY), "")


def read_order(texts: pd.Series, patients: pd.Series) -> pd.Series:
    """The place of each image among its patient's in time, from 0; NaN where it is unknown. Equal times share a place.

    The texts are all numbers (such as days from any one day on), or all dates, the year first, of which the day
    counts: two pictures of one sitting are taken minutes apart.

    Raises:
        DataError: some are neither.
    """
    told = texts.str.strip()
    unknown = told == ""
    numbers = pd.to_numeric(told, errors="coerce")
    if (np.isfinite(numbers) | unknown).all() and not (told[~unknown].str.fullmatch(r"\d{8}")).all():
        times = numbers
    else:
        dates = pd.to_datetime(told.where(told.str.fullmatch(_DATE)), errors="coerce", format="ISO8601", utc=True)
        _refuse(told, dates.isna() & ~unknown, "a date such as 2026-01-31 belongs, or a number as in all others")
        times = pd.to_numeric(told.str.replace("-", "").str[:8])  # the day as it is written, in its own time zone
    return times.groupby(patients.to_numpy()).rank(method="dense") - 1


def read_labels(texts: pd.Series, uncertain: Uncertain) -> pd.Series:
    """1 and 0, NaN where nothing is told; -1 as it is told to count. Raises DataError for anything else."""
    meanings = {**_LABELS, **dict.fromkeys(("-1", "-1.0"), _OF_UNCERTAIN[uncertain])}
    plain = texts.str.strip().str.lower()
    _refuse(texts, ~plain.isin(list(meanings)), "1, 0, -1 (uncertain) or nothing belongs")
    return plain.map(meanings).astype(float)


def listed(lists: pd.Series, separator: str, finding: str) -> pd.Series:
    """As texts 1 where a list of findings holds one, 0 where it holds others alone; empty where it is empty.

    Capitals, and blanks, quotes and brackets around a finding, do not count, as in ['pneumonia', 'pleural effusion'].
    """
    wanted = _plain(finding)
    told = {text: {plain for part in text.split(separator) if (plain := _plain(part))} for text in lists.unique()}
    return lists.map({text: "" if not parts else "1" if wanted in parts else "0" for text, parts in told.items()})


def are_splits(texts: pd.Series) -> bool:
    """Whether most of those that tell anything are words for splits, so that the others are slips of the pen."""
    told = texts.str.strip().str.lower()
    told = told[told != ""]
    return bool(2 * told.isin(list(SPLITS)).sum() > len(told))


def read_splits(texts: pd.Series) -> pd.Series:
    """Train, val, test or train_val, as SPLITS tells. Raises DataError for anything else."""
    plain = texts.str.strip().str.lower()
    _refuse(texts, ~plain.isin(list(SPLITS)), f"one of {', '.join(SPLITS)} belongs")
    return plain.map(SPLITS)


def read_spacings(texts: pd.Series) -> pd.Series:
    """Millimetres, NaN where nothing is told. Raises DataError for anything but numbers above 0."""
    told = texts.str.strip()
    numbers = pd.to_numeric(told, errors="coerce").astype(float)
    _refuse(texts, ~(numbers.between(0, np.inf, inclusive="neither") | (told == "")), "millimetres above 0 belong")
    return numbers


def read_sexes(texts: pd.Series) -> pd.Series:
    """M and F, also as male and female, in capitals or not; another text tells none."""
    return texts.map(lambda text: _SEXES.get(text.strip().lower(), ""))


def read_views(texts: pd.Series) -> pd.Series:
    """PA and AP, also in words and with how the patient lay, in capitals or not; another text tells none."""
    return texts.map(view_of)


def view_of(text: str) -> str:
    """PA, AP or nothing, as `read_views` tells."""
    return _VIEWS.get(re.sub(r"[\W\d_]", "", text).lower(), "")


def _plain(finding: str) -> str:
    return finding.strip(" \t\n\"'[]()").casefold()


def _years(text: str) -> float:
    found = _AGE.fullmatch(text)
    if found is None:
        return np.nan
    unit = found["letter"] or found["word"] or "y"
    age = float(found["dicom"] or found["number"]) / _PER_YEAR[unit[0]]
    return age if age <= OLDEST else np.nan


def _refuse(texts: pd.Series, wrong: pd.Series, what: str) -> None:
    """Raises DataError where some texts are wrong; their series is called as the column, and indexed by image."""
    if wrong.any():
        told = texts[wrong.to_numpy()]
        text = (
            f"Image {told.index[0]} has {told.iloc[0]!r} for {texts.name} ({len(told)} such images), where {what}: "
            "mend the table."
        )
        raise_problems([Problem("wrong entry", text, tuple(told.index))])
