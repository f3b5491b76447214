"""Tables on a terminal: what fits beside one another, the rest below the figure that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from .figures import NOTHING
from .table import Cell, Column, Rows, Sheet, Table

Line = tuple[str, str]
"""A line of a cell, and its style."""


def print_sheets(sheets: Sequence[Sheet], console: Console) -> None:
    """Prints all sheets; what is not proven comes first in each, what warns comes last."""
    for number, sheet in enumerate(sheets):
        if number:
            console.print()
        _say(console, sheet.doubts, "bold red")
        _say(console, [sheet.heading] if sheet.heading else [], "bold underline")
        for table in sheet.tables:
            print_table(table, console)
        _say(console, sheet.notes, "dim")
        _say(console, sheet.warnings, "yellow")


def print_table(table: Table, console: Console) -> None:
    """Prints a table, each of its groups with the columns that say something in it, and what the columns hold."""
    if table.caption:
        console.print()
        _say(console, [table.caption], "bold")
    for group in table.groups:
        _say(console, [group.title] if group.title else [], "italic")
        console.print(_grid(table, group, console.width))
    if legend := table.legend(wide=False):
        _say(console, [legend], "dim")


def _say(console: Console, lines: Sequence[str], style: str) -> None:
    for line in lines:
        console.print(line, style=style, highlight=False, markup=False)


def _grid(table: Table, group: Rows, width: int) -> Grid:
    stacks = _stacked([(place, column) for place, column in table.told([group]) if column.place != "wide"])
    heads = [stack[0][1] for stack in stacks]
    cells = [[_lines(row, stack) for row in group.rows] for stack in stacks]
    room = width - (len(stacks) - 1)
    whole = [_width(*one, second_lines=True) for one in zip(heads, cells, strict=True)]
    narrow = [_width(*one, second_lines=False) for one in zip(heads, cells, strict=True)]
    fits, wrap = sum(whole) <= room, sum(narrow) > room  # figures stay whole, unless there is no room even for them
    grid, drawn = Grid(box=SIMPLE_HEAD, padding=0, show_edge=False), []
    for column, own, widest in zip(heads, cells, whole if fits else narrow, strict=True):
        justify: Literal["left", "right"] = "right" if column.number else "left"
        title = fill(_title(column), widest) if column.number else column.title
        grid.add_column(Text(title), no_wrap=column.number and not wrap, justify=justify, overflow="fold")
        drawn.append([_drawn(lines, widest if column.number and not fits else None) for lines in own])
    for row in zip(*drawn, strict=True):
        grid.add_row(*row)
    return grid


def _stacked(columns: Sequence[tuple[int, Column]]) -> list[list[tuple[int, Column]]]:
    """The columns that stand beside one another, each with those whose cells stand below its own."""
    stacks: list[list[tuple[int, Column]]] = []
    for place, column in columns:
        if column.place == "below" and stacks:
            stacks[-1].append((place, column))
        else:
            stacks.append([(place, column)])
    return stacks


def _lines(row: Sequence[Cell], stack: Sequence[tuple[int, Column]]) -> list[Line]:
    lines = []
    for number, (place, column) in enumerate(stack):
        cell = row[place]
        if number and cell.text == NOTHING:
            continue
        style = "bold red" if cell.doubtful else "bold" if cell.strong else "dim" if number else ""
        lines.append((f"{column.lead if number else ''}{cell.text}", style))
        if cell.below:
            lines.append((cell.below, "dim"))
    return lines


def _title(column: Column) -> str:
    """Its title, whose arrow stays with the last word."""
    return column.title.replace(" ↑", "\u00a0↑").replace(" ↓", "\u00a0↓")


def _width(column: Column, cells: Sequence[Sequence[Line]], second_lines: bool) -> int:
    """How wide a column has to be: as its longest word, and as its longest figure, which is not broken."""
    told = [_title(column), *(text for lines in cells for text, _ in lines)]
    words = [word for text in told for word in text.split(" ")]
    figures = [text for lines in cells for text, _ in (lines if second_lines else lines[:1])] if column.number else []
    return max([1, *map(cell_len, words), *map(cell_len, figures)])


def _drawn(lines: Sequence[Line], width: int | None) -> Text:
    """The lines below one another; all but the first are broken where a width is given."""
    (first, style), *others = lines
    told = [Text(first, style), *(Text(fill(text, width) if width else text, style) for text, style in others)]
    return Text("\n").join(told)
