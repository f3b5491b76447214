"""Tables on a terminal: what fits beside one another, the rest below the figure that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.table import Table as Grid
from rich.text import Text

from ..base.texts import printable
from .figures import NOTHING
from .table import Cell, Column, Rows, Sheet, Table

Line = tuple[str, str]
"""A line of a cell, and its style."""
_LONGEST_WORD = 20  # what is longer may be broken, so that a name without blanks leaves room for the figures


def print_sheets(sheets: Sequence[Sheet], console: Console) -> None:
    """Prints all sheets; what is not proven comes first in each, what warns comes last."""
    for number, sheet in enumerate(sheets):
        if number:
            console.print()
        _say(console, sheet.doubts, "bold red")
        _say(console, [sheet.heading] if sheet.heading else [], "bold underline")
        _say(console, sheet.words, "")
        for table in sheet.tables:
            print_table(table, console)
        _say(console, sheet.notes, "dim")
        _say(console, sheet.warnings, "yellow")


def print_table(table: Table, console: Console) -> None:
    """Prints a table, each of its groups with the columns that say something in it, and what the columns hold."""
    table = table.with_texts(printable)
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
        console.print(Text(printable(line), style))


def _grid(table: Table, group: Rows, width: int) -> Grid | Group:
    """The group side by side; where not even the words of its columns fit so, one row below the other."""
    columns = [(place, column) for place, column in table.told([group]) if column.place != "wide"]
    stacks = _stacked(columns)
    heads = [stack[0][1] for stack in stacks]
    cells = [[_lines(row, stack) for row in group.rows] for stack in stacks]
    room = width - (len(stacks) - 1)
    widths = [_width(_words(*one)) for one in zip(heads, cells, strict=True)]
    if sum(widths) > room:
        return _list(columns, group)
    for lines in (1, None):  # figures stay whole before the words below them do
        wanted = [_width(_whole(*one, lines)) for one in zip(heads, cells, strict=True)]
        widths = _grown(widths, wanted, room)
    grid = Grid(box=SIMPLE_HEAD, padding=0, show_edge=False)
    for column, own in zip(heads, widths, strict=True):
        justify: Literal["left", "right"] = "right" if column.number else "left"
        grid.add_column(_title(column, own), width=own, justify=justify, overflow="fold")
    for row in zip(*cells, strict=True):
        grid.add_row(*map(_drawn, row))
    return grid


def _list(columns: Sequence[tuple[int, Column]], group: Rows) -> Group:
    """Every row as its name, and below it what the columns say of it, a line each."""
    parts: list[Text | Grid] = []
    (first, _), *others = columns
    widest = min(_LONGEST_WORD, _width([column.title for _, column in others]))
    for row in group.rows:
        parts.append(Text(row[first].text, "bold", overflow="fold"))
        grid = Grid.grid(padding=(0, 1))
        grid.add_column(width=1)
        grid.add_column(style="dim", width=widest)
        grid.add_column(overflow="fold")
        for place, column in others:
            if row[place].text not in ("", NOTHING):
                grid.add_row("", _title(column, widest), _drawn(_lines(row, [(place, column)])))
        parts += [grid] if grid.row_count else []
    return Group(*parts)


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


def _title(column: Column, width: int) -> Text:
    """Its title in lines of that width, whose arrow stays with the last word."""
    return Text(fill(_bound(column.title), width))


def _bound(title: str) -> str:
    return title.replace(" ↑", "\u00a0↑").replace(" ↓", "\u00a0↓")


def _words(column: Column, cells: Sequence[Sequence[Line]]) -> list[str]:
    """Of title and cells; what is longer than a word is may be broken."""
    told = [_bound(column.title), *(text for lines in cells for text, _ in lines)]
    return [set_cell_size(word, min(cell_len(word), _LONGEST_WORD)) for text in told for word in text.split(" ")]


def _whole(column: Column, cells: Sequence[Sequence[Line]], lines: int | None) -> list[str]:
    """The first lines of a column's cells; of figures alone where not all lines are meant. Titles may be broken."""
    if lines is not None and not column.number:
        return []
    title = [] if column.number else [column.title]
    return title + [text for own in cells for text, _ in own[:lines]]


def _width(texts: Sequence[str]) -> int:
    return max([1, *map(cell_len, texts)])


def _grown(widths: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """The widths that are wanted; where there is no room for all, each by its share nearer to that."""
    missing = [max(0, most - least) for least, most in zip(widths, wanted, strict=True)]
    spare = min(room - sum(widths), sum(missing))
    return [least + more * spare // max(1, sum(missing)) for least, more in zip(widths, missing, strict=True)]


def _drawn(lines: Sequence[Line]) -> Text:
    """The lines below one another."""
    return Text("\n").join(Text(text, style) for text, style in lines)
