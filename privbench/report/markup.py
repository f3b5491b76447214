"""Tables in Markdown, and as a piece of HTML for a page of one's own."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from ..base.texts import printable
from .table import Cell, Sheet, Table

# A bracket alone stays, because every interval has two.
_MARKS = re.compile(r"[\\`*_|~$#]|\](?=[(:\[])")


def as_markdown(sheets: Sequence[Sheet]) -> str:
    """The sheets, below headings of the second level."""
    parts = []
    for sheet in (sheet.with_texts(written) for sheet in sheets):
        parts += [f"## {sheet.heading}", *(f"**{doubt}**" for doubt in sheet.doubts), *sheet.words]
        for table in sheet.tables:
            parts += [f"### {table.caption}", _markdown_table(table)]
        parts += [*sheet.notes, *sheet.warnings]
    return "\n\n".join(parts) + "\n"


def markdown_table(table: Table) -> str:
    """The groups of a table, each with the columns that say something in it, and what the columns hold."""
    return _markdown_table(table.with_texts(written))


def written(text: str) -> str:
    """The text as Markdown that shows it as it is: no tag, no link, no end of a cell, nothing set off."""
    return _MARKS.sub(r"\\\g<0>", html.escape(printable(text), quote=False))


def _markdown_table(table: Table) -> str:
    parts = []
    for group in table.groups:
        columns = table.told([group])
        lines = [[column.title for _, column in columns], ["---"] * len(columns)]
        lines += [[_markdown(row[place]) for place, _ in columns] for row in group.rows]
        parts += [f"**{group.title}**"] if group.title else []
        parts.append("\n".join(map(_markdown_row, lines)))
    return "\n\n".join(filter(None, [*parts, table.legend()]))


def _markdown(cell: Cell) -> str:
    marked = f"**{cell.text}**" if cell.strong else cell.text
    return f"{marked}<br>{cell.below}" if cell.below else marked


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def as_html(sheets: Sequence[Sheet]) -> str:
    """A section a sheet; the report is the page that privbench makes."""
    parts = []
    for sheet in (sheet.with_texts(printable) for sheet in sheets):
        parts += ["<section>", f"<h2>{html.escape(sheet.heading)}</h2>"]
        parts += [f"<p><strong>{html.escape(doubt)}</strong></p>" for doubt in sheet.doubts]
        parts += [f"<p>{html.escape(line)}</p>" for line in sheet.words]
        for table in sheet.tables:
            parts.append(_html(table))
            if legend := table.legend():
                parts.append(f"<p>{html.escape(legend)}</p>")
        parts += [f"<p>{html.escape(line)}</p>" for line in (*sheet.notes, *sheet.warnings)]
        parts.append("</section>")
    return "\n".join(parts) + "\n"


def _html(table: Table) -> str:
    columns = table.told(table.groups)
    head = "".join(f'<th scope="col">{html.escape(column.title)}</th>' for _, column in columns)
    lines = ["<table>", f"<caption>{html.escape(table.caption)}</caption>", f"<thead><tr>{head}</tr></thead>"]
    for group in table.groups:
        lines.append("<tbody>")
        if group.title:
            lines.append(f'<tr><th scope="rowgroup" colspan="{len(columns)}">{html.escape(group.title)}</th></tr>')
        lines += [_html_row([row[place] for place, _ in columns]) for row in group.rows]
        lines.append("</tbody>")
    return "\n".join([*lines, "</table>"])


def _html_row(cells: Sequence[Cell]) -> str:
    first, *others = map(_html_cell, cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'


def _html_cell(cell: Cell) -> str:
    told = html.escape(cell.text)
    marked = f"<strong>{told}</strong>" if cell.strong or cell.doubtful else told
    return f"{marked}<br><small>{html.escape(cell.below)}</small>" if cell.below else marked
