"""The report's tables without a page: on a terminal, and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from .figures import NOTHING
from .leaderboard import markdown_row
from .page.table import Cell, Column, Rows, Table
from .utility_sheets import Sheet


def print_sheets(sheets: Sequence[Sheet], console: Console) -> None:
    """Prints the tables of all sheets, each sheet below its heading."""
    for sheet in sheets:
        console.print(sheet.heading, style="bold underline", highlight=False, markup=False)
        for table in sheet.tables:
            print_table(table, console)
        for note in sheet.notes:
            console.print(note, highlight=False, markup=False)
        console.print()


def print_table(table: Table, console: Console) -> None:
    """Prints a table, each of its groups with the columns that say something in it, and what the columns hold."""
    console.print(f"\n[bold]{escape(table.caption)}[/]", highlight=False)
    for group in table.groups:
        if group.title:
            console.print(group.title, style="italic", highlight=False, markup=False)
        console.print(_grid(table, group, console.width))
    if legend := _legend(table):
        console.print(legend, style="dim", highlight=False, markup=False)


def _grid(table: Table, group: Rows, width: int) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, padding=0, show_edge=False)
    columns = _told(table, group)
    needed = len(columns) - 1
    for place, column in columns:
        cells = [column.title, *(row[place].text for row in group.rows)]
        parts = cells if column.number else [word for cell in cells for word in cell.split()]
        needed += max(map(cell_len, parts), default=0)
    wrap = needed > width  # else intervals stay whole, and names alone are broken, between words
    for _, column in columns:
        justify: Literal["left", "right"] = "right" if column.number else "left"
        grid.add_column(escape(column.title), no_wrap=column.number and not wrap, justify=justify, overflow="fold")
    for row in group.rows:
        grid.add_row(*(_rich(row[place]) for place, _ in columns))
    return grid


def as_markdown(sheets: Sequence[Sheet]) -> str:
    """The same in Markdown, the sheets below headings of the second level."""
    parts = [(f"## {sheet.heading}", *map(_markdown, sheet.tables), *sheet.notes) for sheet in sheets]
    return "\n\n".join(line for part in parts for line in part) + "\n"


def _markdown(table: Table) -> str:
    parts = [f"### {table.caption}"]
    for group in table.groups:
        columns = _told(table, group)
        lines = [[column.title for _, column in columns], ["---"] * len(columns)]
        lines += [[row[place].text.replace("\u00a0", " ") for place, _ in columns] for row in group.rows]
        parts += [f"**{group.title}**"] if group.title else []
        parts.append("\n".join(map(markdown_row, lines)))
    legend = _legend(table)
    return "\n\n".join([*parts, *([legend] if legend else [])])


def _told(table: Table, group: Rows) -> Sequence[tuple[int, Column]]:
    """The columns in which any row of the group holds something, and their places."""
    return [
        (place, column)
        for place, column in enumerate(table.columns)
        if any(row[place].text != NOTHING for row in group.rows)
    ]


def _rich(cell: Cell) -> str:
    return f"[bold red]{escape(cell.text)}[/]" if cell.doubtful else escape(cell.text)


def _legend(table: Table) -> str:
    told = {place: column for group in table.groups for place, column in _told(table, group)}
    noted = [told[place] for place in sorted(told) if told[place].note]
    return " ".join(f"{column.title.rstrip(' ↑↓')}: {column.note}." for column in noted)
