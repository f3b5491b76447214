"""`privbench utility`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from . import arguments


class Format(StrEnum):
    terminal = "terminal"
    markdown = "markdown"
    csv = "csv"


def command(
    runs: arguments.RunFolders,
    format: Annotated[Format, typer.Option(help="How the tables are printed.")] = Format.terminal,
) -> None:
    """Print what the runs' releases are still good for: by task and mode, finding and group, against originals."""
    from ..judging.ranking import Entry, make_boards
    from ..record.run import read_run
    from ..report import plain
    from ..report.utility_frame import as_frame
    from ..report.utility_sheets import make_sheets

    entries = [Entry(read_run(folder), None, None, folder) for folder in arguments.run_folders(runs)]
    if format is Format.csv:
        typer.echo(as_frame([entry.record for entry in entries]).to_csv(index=False), nl=False)
        return
    sheets = make_sheets(make_boards(entries))
    if format is Format.markdown:
        typer.echo(plain.as_markdown(sheets), nl=False)
    else:
        plain.print_sheets(sheets, Console())
