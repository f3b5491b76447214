"""`privbench leaderboard`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table


class Format(StrEnum):
    terminal = "terminal"
    markdown = "markdown"
    csv = "csv"


def command(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders of run folders.")],
    format: Annotated[Format, typer.Option(help="How the table is printed.")] = Format.terminal,
    plot: Annotated[Path | None, typer.Option(help="Draw the trade-off into this file (PNG, SVG or PDF).")] = None,
) -> None:
    """Print the runs side by side, and draw privacy against utility."""
    import pandas as pd

    from ..report import leaderboard as board
    from ..report.tradeoff import draw_tradeoff
    from ..results import read_run

    groups = board.group_by_fingerprint([read_run(folder) for path in runs for folder in _run_folders(path)])
    if format is Format.csv:
        typer.echo(pd.concat([board.as_frame(group) for group in groups.values()]).to_csv(index=False), nl=False)
    elif format is Format.markdown:
        typer.echo("\n".join(board.as_markdown(group) for group in groups.values()), nl=False)
    else:
        console = Console()
        for group in groups.values():
            table = Table(title=escape(board.heading(group)), title_justify="left")
            for doubt in filter(None, map(board.doubt_about, group)):
                console.print(f"[bold red]{escape(doubt)}[/]", highlight=False)
            for heading in board.headings(group):
                table.add_column(heading)
            for row in board.readable_rows(group):
                table.add_row(*map(escape, row))
            console.print(table)
            console.print(board.footnote(group), style="dim", highlight=False, markup=False)
    if plot is not None:
        draw_tradeoff(groups, plot)


def _run_folders(path: Path) -> list[Path]:
    """The path itself, or the run folders directly below it where it is none."""
    from ..results import FILE

    below = sorted(file.parent for file in path.glob(f"*/{FILE}")) if path.is_dir() else []
    return below if below and not (path / FILE).exists() else [path]
