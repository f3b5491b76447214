"""What is in the table of a data set: patients, splits, findings, and of how many images what is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..data.table import known
from ..record.data_check import LabelCounts, SplitCounts

_IMAGES, _YEARS = (1, 2, 3, 6, 11, 51), (0, 1, 2, 5, 10)
"""The least of each group that patients are counted in."""
_KNOWN = ("study", "follow_up", "age", "sex", "view")


def counts_of(table: pd.DataFrame, findings: Sequence[str]) -> dict[str, Any]:
    """The fields of a DataCheck that count; the table is a checked one."""
    per_patient = table.groupby("patient")
    images, ages = per_patient.size(), per_patient["age"]
    years = (ages.max() - ages.min())[ages.count() > 1]
    return {
        "images": len(table),
        "patients": len(images),
        "splits": {
            str(name): SplitCounts(images=len(rows), patients=rows["patient"].nunique())
            for name, rows in table.groupby("split")
        },
        "several": _grouped(images, _IMAGES),
        "years": _grouped(np.floor(years), _YEARS),
        "labels": {
            name: LabelCounts(
                present=(table[name] == 1).sum(), absent=(table[name] == 0).sum(), unknown=table[name].isna().sum()
            )
            for name in findings
        },
        "known": {column: int(known(table[column]).sum()) for column in _KNOWN},
        "sexes": _told(table["sex"]),
        "views": _told(table["view"]),
    }


def _grouped(values: Iterable[float], least: Sequence[int]) -> dict[str, int]:
    """How many fall into each group, such as 3-5, or 51+."""
    array = np.fromiter(values, float)
    ends = [*pairwise(least), (least[-1], None)]
    return {
        _group(low, high): int(((array >= low) & (array < (np.inf if high is None else high))).sum())
        for low, high in ends
    }


def _group(low: int, high: int | None) -> str:
    if high is None:
        return f"{low}+"
    return str(low) if high == low + 1 else f"{low}-{high - 1}"


def _told(column: pd.Series) -> dict[str, int]:
    counts = column[known(column)].value_counts().sort_index()
    return {str(value): int(count) for value, count in counts.items()}
