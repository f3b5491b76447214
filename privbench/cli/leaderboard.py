"""`privbench leaderboard`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import arguments
from .formats import Choice, Format, print_for_machines, print_for_people


def command(
    runs: arguments.RunFolders,
    format: Choice = Format.terminal,
    plot: Annotated[Path | None, typer.Option(help="Draw the trade-off into this file (PNG, SVG or PDF).")] = None,
) -> None:
    """Print the runs side by side with the ranks that the data allow, and draw privacy against utility."""
    from ..judging.ranking import make_boards, read_entry
    from ..report.machine import as_frame
    from ..report.tables.leaderboard import leaderboard, leaderboard_sheets

    with arguments.each_run(arguments.run_folders(runs), read_entry) as entries:
        boards = make_boards(entries)
        if format.for_machines:
            print_for_machines(as_frame([leaderboard(board) for board in boards]), format)
        else:
            print_for_people(leaderboard_sheets(boards), format)
        if plot is not None:
            from ..report.plots.tradeoff import write_tradeoffs

            write_tradeoffs(boards, plot)
