"""What tables say of images, by our names for it: texts, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from ..data.notices import SHOWN, Notice
from ..data.problems import DataError, Problem, raise_problems
from ..data.splits import COLUMNS, SPACING
from ..data.table import OLDEST, known
from . import cells

FIELDS = (*COLUMNS, *SPACING)
"""What a table may tell of an image beside its findings."""
_UNKNOWN = {
    "age": f"ages that are no number of years up to {OLDEST}",
    "sex": "a sex that is neither M nor F",
    "view": "a view that is neither PA nor AP",
}
"""What is told of texts that count as unknown, by the column. They may hold anything, so they are not told."""


@dataclass(frozen=True)
class Listing:
    """What tables say of images.

    Attributes:
        texts: one row an image, with the columns `image`, which names its file, `patient`, those of FIELDS that are
            told, and one a finding; texts alone, empty where nothing is told.
        findings: the columns that are findings.
        asked: the columns that somebody asked for: what breaks a rule there is refused. Any other column is left out
            where it does, because a table may call something else as we do.
        digest: SHA-256 of what was read.
        notices: what a reader of the figures has to know of it.
        uncertain: what a label of -1 counts as.
    """

    texts: pd.DataFrame
    findings: tuple[str, ...]
    asked: frozenset[str]
    digest: str
    notices: tuple[Notice, ...] = ()
    uncertain: cells.Uncertain = "unknown"


class ReadRows(NamedTuple):
    """What a listing means: a table as data sets give it, but perhaps for the split; its findings, and notices."""

    table: pd.DataFrame
    findings: tuple[str, ...]
    notices: tuple[Notice, ...]


def read_rows(listing: Listing) -> ReadRows:
    """What the texts mean, by the rules of `cells`. Rows that say the same of the same image are one.

    Raises:
        DataError: columns that somebody asked for break the rules; all that is wrong.
    """
    notices = list(listing.notices)
    texts = listing.texts.drop_duplicates(ignore_index=True)
    if again := len(listing.texts) - len(texts):
        notices.append(Notice(f"{again} of {len(listing.texts)} rows repeat another one, and were left out"))
    texts = texts.set_index("image", drop=False)
    readers = {
        "study": cells.read_studies,
        "follow_up": lambda column: cells.read_order(column, texts["patient"]),
        "age": cells.read_ages,
        "sex": cells.read_sexes,
        "view": cells.read_views,
        "split": cells.read_splits,
        **dict.fromkeys(SPACING, cells.read_spacings),
        **dict.fromkeys(listing.findings, lambda column: cells.read_labels(column, listing.uncertain)),
    }
    columns: dict[str, pd.Series] = {}
    problems: list[Problem] = []
    for name, column in texts.items():
        asked = name in listing.asked
        try:
            read = readers[str(name)](column) if name in readers else column
        except DataError as error:
            if asked or (name == "split" and cells.are_splits(column)):
                problems += error.problems
                continue
            read = None
        if read is None or not (asked or _serves(str(name), read, listing.findings)):
            notices.append(_left_out(str(name)))
        else:
            columns[str(name)] = read
    raise_problems(problems)
    for name in [name for name in SPACING if name in columns and not set(SPACING) <= columns.keys() | listing.asked]:
        notices.append(_left_out(name))  # one side of a pixel tells nothing
        del columns[name]
    for name in (name for name in _UNKNOWN if name in columns):
        notices += _unknown(texts[name], columns[name])
    table = pd.DataFrame(columns).reset_index(drop=True)
    return ReadRows(table, tuple(name for name in listing.findings if name in columns), tuple(notices))


def _serves(name: str, read: pd.Series, findings: tuple[str, ...]) -> bool:
    """Whether a column that nobody asked for can be what it is called: a run asks more of splits and findings."""
    if name == "split":
        return bool((read == "test").any() and read.isin(["train", "train_val"]).any())
    return name not in findings or bool(read.notna().any())


def _left_out(name: str) -> Notice:
    return Notice(f"the column {name} is left out, because it does not hold what that means here (docs/data.md)")


def _unknown(texts: pd.Series, read: pd.Series) -> list[Notice]:
    """How many texts of a column could not be read."""
    lost = known(texts.str.strip()) & ~known(read)
    if not lost.any():
        return []
    text = f"{lost.sum()} of {len(read)} images have {_UNKNOWN[str(texts.name)]}, taken for unknown"
    return [Notice(text, tuple(read.index[lost])[:SHOWN])]
