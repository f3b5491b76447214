"""What a table of the page holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...record.values import Interval
from ..figures import NOTHING


@dataclass(frozen=True)
class Cell:
    """What is read, what it is sorted by (the text where None), and whether it says that something is not proven."""

    text: str
    sort: float | None = None
    doubtful: bool = False


@dataclass(frozen=True)
class Column:
    """`note` says in a sentence what the column holds, where its title does not."""

    title: str
    number: bool = True
    note: str = ""


@dataclass(frozen=True)
class Rows:
    """Rows that stay together however the table is sorted. The first cell of each names it."""

    rows: Sequence[Sequence[Cell]]
    title: str | None = None


@dataclass(frozen=True)
class Table:
    """A table; `sortable` ones can be put in another order by the reader."""

    caption: str
    columns: Sequence[Column]
    groups: Sequence[Rows]
    sortable: bool = False
    kind: str = ""


def number(value: float | None, digits: int = 3) -> Cell:
    """A figure; a dash where there is none."""
    return Cell(NOTHING) if value is None else Cell(f"{value:.{digits}f}", value)


def with_interval(value: float | None, interval: Interval | None, digits: int = 3) -> Cell:
    """A figure with its interval, such as `0.812 [0.790, 0.835]`, sorted by the figure."""
    if value is None or interval is None:
        return number(value, digits)
    return Cell(f"{value:.{digits}f} [{interval.low:.{digits}f},\u00a0{interval.high:.{digits}f}]", value)


def text(value: object) -> Cell:
    """Anything as it is written."""
    return Cell(str(value))


def pairs(
    caption: str, heads: tuple[str, str], groups: Iterable[tuple[str | None, Iterable[tuple[str, object]]]]
) -> Table:
    """A table of names and values, in groups that may have titles."""
    return Table(
        caption,
        [Column(head, number=False) for head in heads],
        [Rows([(text(name), text(value)) for name, value in rows], title) for title, rows in groups],
        kind="pairs",
    )
