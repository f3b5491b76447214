"""Which column of somebody's table is which of ours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from ..base.errors import PrivbenchError, raise_all


def picked(theirs: pd.DataFrame, called: Mapping[str, str], asked: Collection[str], path: Path) -> dict[str, pd.Series]:
    """The columns that a table has, by our names for them; whatever else it has is left.

    Args:
        theirs: the table.
        called: what it may call each of them, in capitals or not.
        asked: those that it has to have.
        path: where it lies, for what is told of it.

    Raises:
        PrivbenchError: it lacks some that are asked for, or has several of one; all of these.
    """
    problems, found = [], {}
    for name, column in called.items():
        if len(same := alike(column, theirs.columns)) == 1:
            found[name] = theirs[same[0]]
        elif name in asked:
            problems.append(
                f"{path} has {'more than one' if same else 'no'} column {column!r}: say which it is, such as "
                f"--column {name}=NAME, of {', '.join(theirs.columns)}."
            )
    raise_all(problems)
    return found


def column_of(theirs: pd.DataFrame, name: str, path: Path, param: str) -> pd.Series:
    """The table's column of a name that a parameter holds. Raises PrivbenchError where there is not one."""
    if len(same := alike(name, theirs.columns)) != 1:
        raise PrivbenchError(
            f"{path} has {'more than one' if same else 'no'} column {name!r}, which data.params.{param} names: it has "
            f"{', '.join(theirs.columns)}."
        )
    return theirs[same[0]]


def refuse_findings(findings: Collection[str], taken: Collection[str]) -> None:
    """Raises ValueError where some are no names of findings, because they stand twice, or for something else."""
    told = list(findings)
    if wrong := [name for name in told if not name.strip() or name in taken or told.count(name) > 1]:
        raise ValueError(f"{wrong[0]!r} stands twice, or cannot be the name of a finding: choose others")


def alike(name: str, columns: Iterable[str]) -> list[str]:
    """The column of that name; else those whose names differ in capitals alone."""
    columns = list(columns)
    return [name] if name in columns else [one for one in columns if one.casefold() == name.casefold()]
