"""Pseudonyms, under which records tell images and patients that may be of people."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

import pandas as pd

_DIGITS = 20
"""Hexadecimal ones: of a million names two share a pseudonym once in two trillion data sets."""
PSEUDONYMS = {"image": "image_pseudonym", "patient": "patient_pseudonym"}
"""The columns of a table whose texts have pseudonyms, and those that hold them."""


def with_pseudonyms(table: pd.DataFrame, contents: Sequence[str]) -> pd.DataFrame:
    """The table with a pseudonym beside every image and patient: a keyed hash (HMAC, RFC 2104, of SHA-256).

    The key is made of the table and of the contents of all images, so the same data get the same pseudonyms on every
    machine, and runs of them can be compared patient by patient. Whoever lacks a single image cannot make it; whoever
    has all of them has nothing left to find out. No record holds it.

    Args:
        table: one row an image.
        contents: digests of what belongs to the table, such as the file of its images. No record may hold them.
    """
    told = table.to_csv(index=False)
    key = hashlib.sha256("\n".join(["pseudonyms", *contents, told]).encode()).digest()
    return table.assign(
        **{place: [_pseudonym(key, column, text) for text in table[column]] for column, place in PSEUDONYMS.items()}
    )


def told(table: pd.DataFrame) -> pd.DataFrame:
    """The table as records may tell it, without studies, which are often called by an accession number.

    One without pseudonyms holds nothing of people, and is told as it is.
    """
    given: Mapping[str, str] = {column: place for column, place in PSEUDONYMS.items() if place in table.columns}
    if not given:
        return table
    pseudonymous = table.assign(**{column: table[place] for column, place in given.items()})
    return pseudonymous.drop(columns=[*given.values(), "study"], errors="ignore")


def _pseudonym(key: bytes, column: str, text: str) -> str:
    return hmac.new(key, f"{column} {text}".encode(), hashlib.sha256).hexdigest()[:_DIGITS]
