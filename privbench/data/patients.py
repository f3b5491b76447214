"""Patients are texts: how a table's are told, what they may not look like, and the codes that stand for them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..base.texts import plain
from .problems import Problem

SHORTENED = r"\d([.,]\d+)?[Ee]\+\d+"
"""How a spreadsheet writes a long number, of which it keeps the first digits alone."""
_DIGITS = 24
"""Of a digest, in hexadecimal: two of as many images as anybody has are never the same."""


def patient_texts(column: pd.Series) -> pd.Series:
    """The patients of a sound table as texts; numbers get leading zeros, so that they sort as numbers do."""
    texts = column.astype(str)
    known = texts.unique()
    if all(text.isascii() and text.isdigit() for text in known):
        return texts.str.zfill(max(map(len, known), default=0))
    return texts


def each_its_own(table: pd.DataFrame) -> pd.DataFrame:
    """The table of a data set that names no patients, in which every image is of a patient of its own.

    What he is called hangs on the image's name, and not on what else is listed.
    """
    names = table["image"].map(lambda name: hashlib.sha256(str(name).encode("utf-8", "surrogatepass")).hexdigest())
    return table.assign(patient="image " + names.astype(str).str[:_DIGITS])


def patient_problems(table: pd.DataFrame) -> Iterator[Problem]:
    """What is wrong with a table's patients, one by one.

    One is neither a whole number from 0 nor a text without blanks around it, a spreadsheet has cut one short, or two
    may be one, written in two ways.
    """
    names, rows = table["image"].to_numpy(), table.groupby(table["patient"].map(str).astype(object)).indices
    sound = set()
    for image, patient in table.drop_duplicates("patient")[["image", "patient"]].itertuples(index=False):
        if (problem := _problem(patient)) is None:
            sound.add(str(patient))
        else:
            text = f"Image {image} is of the patient {shown(patient)}, {problem}."
            yield Problem("unsound patient", text, tuple(names[rows[str(patient)]]))
    written: dict[str, str] = {}
    for text in sorted(sound):
        if (other := written.setdefault(plain(text), text)) != text:
            told = (
                f"The data set's table has the patients {other!r} and {text!r}, who may be one: write every patient in "
                "one way, or give one of them another name where they are two."
            )
            yield Problem("patient in two writings", told, tuple(names[[*rows[other], *rows[text]]]))


def shown(value: object) -> str:
    """A value of a table, a text in quotes and a number without the name of its type."""
    return repr(value) if isinstance(value, str) else str(value)


def patient_codes(texts: pd.Series) -> np.ndarray:
    """For each row the place of its patient among the sorted distinct ones. Shape: (N,), int64."""
    return pd.factorize(texts, sort=True)[0].astype(np.int64)


def first_rows(patients: np.ndarray) -> np.ndarray:
    """The first row of each patient, in the patients' order. Shape: (N,) to (patients,), int64."""
    return np.unique(patients, return_index=True)[1]


def one_a_patient(patients: np.ndarray, count: int) -> np.ndarray:
    """The first row of each of at most that many patients, who are spread evenly over all of them in order.

    Nobody counts twice, so how often something holds of these rows is a share of independent trials.
    Shape: (N,), int, to (n,), int64.
    """
    first = first_rows(patients)
    return np.asarray(first[np.linspace(0, len(first) - 1, min(count, len(first))).astype(np.int64)])


def _problem(patient: object) -> str | None:
    """What is wrong with it, and what to do."""
    if isinstance(patient, str):
        if not patient.strip():
            return "which names nobody: give every image a patient"
        if patient != patient.strip():
            return "with blanks around it: take them away"
        if re.fullmatch(SHORTENED, patient):
            return "a number that a spreadsheet has cut short, so that several patients may be one: export it as text"
        return None
    if isinstance(patient, bool | np.bool_) or not isinstance(patient, int | np.integer):
        return "which is neither a text nor a whole number: read the column as text"
    return "which is below 0: number patients from 0" if patient < 0 else None
