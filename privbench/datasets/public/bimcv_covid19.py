"""BIMCV-COVID19+ and BIMCV-COVID19- (de la Iglesia Vayá et al., 2020), in their published layout."""

from __future__ import annotations

import re
from typing import ClassVar

import pandas as pd

from ...base.errors import PrivbenchError
from ..folders import files_below
from .collection import PublicCollection, Tables, left_joined
from .list_of_labels import FINDINGS, labels_of

_LABELS = "derivatives/labels"
_IMAGE = re.compile(r"(?:.*/)?(?P<patient>sub-[^/_]+)_(?P<study>ses-[^/_]+)_(?:[^/]*_)?vp-(?P<view>[a-z]+)_[^/]*\.png")
_FINDINGS = {**FINDINGS, "COVID-19": ("covid 19",)}


class BimcvCovid19(PublicCollection):
    """`sub-*/ses-*/…_vp-pa_….png`, `participants.tsv` and one `derivatives/labels/labels*.tsv`, unpacked in one folder.

    An age is read where a patient has one alone. Neither times nor the published partitions are read.
    """

    name = "bimcv-covid19"
    findings = tuple(_FINDINGS)
    idle: ClassVar = {"missing": "whose images are those that are there"}

    def rows(self, tables: Tables) -> pd.DataFrame:
        found = [match for file in sorted(files_below(tables.root)) if (match := _IMAGE.fullmatch(file))]
        if not found:
            raise PrivbenchError(f"There is no sub-*_ses-*_vp-*.png below {tables.root}: check --data-root.")
        rows = pd.DataFrame([{"image": match[0], **match.groupdict()} for match in found], dtype=object)
        labels = tables.read(_labels_file(tables), {"study": "ReportID", "labels": "Labels"})
        people = tables.read("participants.tsv", {"patient": "participant", "age": "age", "sex": "gender"})
        rows = left_joined(left_joined(rows, labels, "study", "labels"), people, "patient", "participants")
        ages = rows["age"].str.strip(" []'\"")
        return rows.assign(age=ages, **labels_of(rows.pop("labels"), _FINDINGS))


def _labels_file(tables: Tables) -> str:
    """The one table of labels, which every edition calls otherwise. Raises PrivbenchError where there is not one."""
    folder = tables.root / _LABELS
    names = sorted(file.name for file in folder.glob("*.tsv") if file.name.lower().startswith("labels"))
    if len(names) != 1:
        told = f"more than one labels*.tsv ({', '.join(names)})" if names else "no labels*.tsv"
        raise PrivbenchError(f"There is {told} in {folder}: keep the one of the edition whose images lie here.")
    return f"{_LABELS}/{names[0]}"
