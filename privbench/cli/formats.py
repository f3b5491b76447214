"""How commands print tables."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from ..base.texts import printable

if TYPE_CHECKING:  # for the answer to --help, which needs no table
    import pandas as pd

    from ..report.table import Sheet


class Format(StrEnum):
    terminal = "terminal"
    markdown = "markdown"
    html = "html"
    csv = "csv"
    json = "json"

    @property
    def for_machines(self) -> bool:
        """Whether every figure stands in a column of its own."""
        return self in (Format.csv, Format.json)


Choice = Annotated[Format, typer.Option(help="How the tables are printed.")]


def say(line: str, style: str = "", *, error: bool = False) -> None:
    """Prints a line on the terminal, however long; what a stranger wrote in it is shown and not obeyed."""
    Console(stderr=error).print(Text(printable(line), style), soft_wrap=True)


def print_for_people(sheets: Sequence[Sheet], format: Format) -> None:
    """Prints the sheets on the terminal, as Markdown, or as a piece of HTML."""
    from ..report import markup
    from ..report.terminal import print_sheets

    if format is Format.terminal:
        print_sheets(sheets, Console())
    else:
        typer.echo(markup.as_markdown(sheets) if format is Format.markdown else markup.as_html(sheets), nl=False)


def print_for_machines(frame: pd.DataFrame, format: Format) -> None:
    """Prints the rows as CSV or JSON."""
    from ..report import machine

    typer.echo(machine.as_csv(frame) if format is Format.csv else machine.as_json(frame), nl=False)
