"""Score files without names: each image and patient by its place among all of the run.

What figures need of names is which are the same, and in which order they stand: the resamples draw patients in it. A
place in the order says that much and nothing else. A keyed hash whose key is thrown away would say less, and no
resample could be made again, nor any two runs be compared patient by patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

_COLUMNS = {
    "image": ("image", "probe", "reference", "mate", "nearest", "picture"),
    "patient": ("patient", "probe_patient", "reference_patient", "rival", "nearest_patient"),
}
"""The columns of score files that hold names, by what they are names of."""
NAMES = tuple(name for columns in _COLUMNS.values() for name in columns)
_PLACE = re.compile(r"(image|patient)-\d+")


def without_names(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The score files of a run, by name, with places such as `patient-0042` where names stood.

    The same name has the same place in all of them, and places sort as their names do, so that every figure and
    every resample is the same to the bit. The order of rows stays.
    """
    given = dict(tables)
    for kind, columns in _COLUMNS.items():
        names = sorted({name for table in tables.values() for name in _names(table, columns)})
        digits = len(str(len(names)))
        places = {name: f"{kind}-{place:0{digits}}" for place, name in enumerate(names, start=1)}
        for file, table in given.items():
            told = {one: table[one].map(places).astype(object).where(table[one].notna(), None)
                    for one in columns if one in table}  # fmt: skip
            given[file] = table.assign(**told)
    return given


def named_columns(table: pd.DataFrame) -> list[str]:
    """The columns of a score file in which something stands that is no place."""
    found = [(one, _names(table, [one])) for one in NAMES]
    return [one for one, names in found if not all(_PLACE.fullmatch(name) for name in names)]


def kinds_with_gaps(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Whether images or patients of a run have other places than `without_names` gives, which begin with 1."""
    return [kind for kind, columns in _COLUMNS.items() if _gaps(kind, tables, columns)]


def _gaps(kind: str, tables: Mapping[str, pd.DataFrame], columns: Sequence[str]) -> bool:
    found = {name for table in tables.values() for name in _names(table, columns)}
    digits = len(str(len(found)))
    return found != {f"{kind}-{place:0{digits}}" for place in range(1, len(found) + 1)}


def _names(table: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    return [str(name) for one in columns if one in table for name in table[one].dropna().unique()]
