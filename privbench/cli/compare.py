"""`privbench compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .formats import Choice, Format, print_for_machines, print_for_people, say


def command(
    first: Annotated[Path, typer.Argument(help="A run folder.")],
    second: Annotated[Path, typer.Argument(help="Another one, under the same fingerprint.")],
    format: Choice = Format.terminal,
) -> None:
    """Compare two runs figure by figure: paired differences with intervals, and what could have been detected."""
    from ..judging.compare import compare_runs
    from ..report.machine import as_frame
    from ..report.tables.comparison import comparison, comparison_json, comparison_sheet

    found = compare_runs(first, second)
    if format is Format.csv:
        print_for_machines(as_frame([comparison(found)]), format)
        for note in found.notes:
            say(note, error=True)
    elif format is Format.json:
        typer.echo(comparison_json(found))
    else:
        print_for_people([comparison_sheet(found)], format)
