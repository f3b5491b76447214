"""What a table holds, whoever is to read it: people on a terminal, in Markdown or on a page, and machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..record.utility import Change
from ..record.values import Interval
from .figures import NOTHING, change_text, interval_text, is_sure, number_text

Value = float | str | None
"""What stands in a machine's column; whole numbers and truths are among them."""


@dataclass(frozen=True)
class Cell:
    """What people read, and the figures behind it, by the names of the columns in which machines get them.

    `below` is a second line. On a page the text leads to `link`, where there is one. It is sorted by `sort`, by the
    text where that is None. `doubtful` says that something is not proven, `strong` that it stands out: a headline, or a
    sure difference.
    """

    text: str
    figures: Mapping[str, Value] = field(default_factory=dict)
    below: str = ""
    sort: float | None = None
    doubtful: bool = False
    strong: bool = False
    link: str = ""


@dataclass(frozen=True)
class Column:
    """A column as people see it. `note` says in a sentence what it holds, where its title does not.

    On a narrow output, which a terminal is, a column that is not for `everyone` is left out (`wide`), or its cells
    stand `below` those of the column before it, after the words of `lead`. `machines` get the figures of every column,
    and are the only ones to see one of theirs.
    """

    title: str
    number: bool = True
    note: str = ""
    place: Literal["everyone", "below", "wide", "machines"] = "everyone"
    lead: str = ""


MACHINES = Column("", place="machines")


@dataclass(frozen=True)
class Rows:
    """Rows that stay together however the table is sorted. The first cell of each names it."""

    rows: Sequence[Sequence[Cell]]
    title: str | None = None


@dataclass(frozen=True)
class Table:
    """A table; `sortable` ones can be put in another order by the reader. `kind` tells a style sheet how it looks."""

    caption: str
    columns: Sequence[Column]
    groups: Sequence[Rows]
    sortable: bool = False
    kind: str = ""

    def told(self, groups: Sequence[Rows]) -> list[tuple[int, Column]]:
        """The columns for people in which any row of these groups says something, and their places."""
        return [
            (place, column)
            for place, column in enumerate(self.columns)
            if column.place != "machines" and any(row[place].text != NOTHING for group in groups for row in group.rows)
        ]

    def legend(self, *, wide: bool = True) -> str:
        """What its columns hold, as sentences; of a narrow output, the columns that it shows."""
        titles: dict[str, list[str]] = {}
        for _, column in self.told(self.groups):
            if column.note and (wide or column.place != "wide"):
                titles.setdefault(column.note, []).append(column.title.rstrip(" ↑↓"))
        return " ".join(f"{', '.join(alike)}: {note}." for note, alike in titles.items())

    def with_texts(self, shown: Callable[[str], str]) -> Table:
        """The table as an output shows it, with every text that people read made so; the figures stay."""
        columns = [
            replace(one, title=shown(one.title), note=shown(one.note), lead=shown(one.lead)) for one in self.columns
        ]
        groups = [
            Rows(
                [[replace(cell, text=shown(cell.text), below=shown(cell.below)) for cell in row] for row in group.rows],
                group.title and shown(group.title),
            )
            for group in self.groups
        ]
        return replace(self, caption=shown(self.caption), columns=columns, groups=groups)


@dataclass(frozen=True)
class Sheet:
    """Tables that belong together, below a heading.

    `doubts` have to be read before any figure; `words` say in paragraphs what the tables hold; `notes` and `warnings`
    stand under the tables.
    """

    heading: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    doubts: Sequence[str] = ()
    warnings: Sequence[str] = ()
    words: Sequence[str] = ()

    def with_texts(self, shown: Callable[[str], str]) -> Sheet:
        """The sheet with every text that people read made so; see `Table.with_texts`."""
        texts = (list(map(shown, lines)) for lines in (self.notes, self.doubts, self.warnings, self.words))
        return Sheet(shown(self.heading), [one.with_texts(shown) for one in self.tables], *texts)


def text(value: object) -> Cell:
    """Anything as it is written."""
    return Cell(str(value))


def count(value: int) -> Cell:
    """A whole number."""
    return Cell(str(value), sort=value)


def number(value: float | None, digits: int = 3) -> Cell:
    """A figure; a dash where there is none."""
    return Cell(number_text(value, digits), sort=value)


def estimate(value: float | None, interval: Interval | None, digits: int = 3) -> Cell:
    """A figure with its interval, such as `0.812 [0.790, 0.835]`, sorted by the figure."""
    return Cell(interval_text(value, interval, digits), sort=value)


def change_of(change: Change | None, digits: int = 3) -> Cell:
    """A change with its interval, strong where this leaves zero out; a dash where there is none."""
    if change is None:
        return Cell(NOTHING)
    return Cell(change_text(change, digits), sort=change.value, strong=is_sure(change.interval))


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
