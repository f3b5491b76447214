"""TAIX-Ray (Truhn et al., Scientific Data 2026), as the script of its documentation lays it out."""

from __future__ import annotations

import pandas as pd

from .collection import PUBLISHED_SPLIT, PublicCollection, Tables, left_joined

_FINDINGS = (
    "HeartSize", "PulmonaryCongestion", "PleuralEffusion_Right", "PleuralEffusion_Left", "PulmonaryOpacities_Right",
    "PulmonaryOpacities_Left", "Atelectasis_Right", "Atelectasis_Left",
)  # fmt: skip
_COLUMNS = {"uid": "UID", "patient": "PatientID", "age": "Age", "sex": "Sex", "follow_up": "StudyDate"}
_PRESENT = ("1", "2", "3", "4")
"""Grades above 0, which is none."""


class TaixRay(PublicCollection):
    """`metadata/annotation.csv` and `metadata/split.csv`, beside `data/`; bedside images, all AP.

    A finding is present from grade 1 on. The split is the published one.
    """

    name = "taix-ray"
    findings = _FINDINGS
    idle = PUBLISHED_SPLIT | {"views": "whose images are all AP"}

    def rows(self, tables: Tables) -> pd.DataFrame:
        rows = tables.read("metadata/annotation.csv", {**_COLUMNS, **{name: name for name in _FINDINGS}})
        splits = tables.read("metadata/split.csv", {"uid": "UID", "split": "Split"})
        rows = left_joined(rows, splits, "uid", "splits")
        told = {name: _presence(rows[name]) for name in _FINDINGS}
        return rows.assign(image="data/" + rows.pop("uid") + ".png", view="AP", **told)


def _presence(grades: pd.Series) -> pd.Series:
    plain = grades.str.strip().str.removesuffix(".0")
    return plain.mask(plain.isin(_PRESENT), "1")
