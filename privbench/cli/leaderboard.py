"""`privbench leaderboard`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from . import arguments


class Format(StrEnum):
    terminal = "terminal"
    markdown = "markdown"
    csv = "csv"
    json = "json"
    html = "html"


def command(
    runs: arguments.RunFolders,
    format: Annotated[Format, typer.Option(help="How the tables are printed.")] = Format.terminal,
    plot: Annotated[Path | None, typer.Option(help="Draw the trade-off into this file (PNG, SVG or PDF).")] = None,
) -> None:
    """Print the runs side by side with the ranks that the data allow, and draw privacy against utility."""
    from ..judging.ranking import make_boards, read_entry
    from ..report import leaderboard as board
    from ..report.terminal import print_boards

    boards = make_boards([read_entry(folder) for folder in arguments.run_folders(runs)])
    if format is Format.csv:
        typer.echo(board.as_frame(boards).to_csv(index=False), nl=False)
    elif format is Format.json:
        typer.echo(board.as_frame(boards).to_json(orient="records", indent=1))
    elif format is Format.markdown:
        typer.echo(board.as_markdown(boards), nl=False)
    elif format is Format.html:
        typer.echo(board.as_html(boards), nl=False)
    else:
        print_boards(boards, Console())
    if plot is not None:
        from ..report.tradeoff import draw_tradeoff

        draw_tradeoff(boards, plot)
