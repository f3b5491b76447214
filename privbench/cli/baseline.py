"""`privbench baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import arguments
from .formats import say


def command(
    runs: arguments.RunFolders,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("baseline.json"),
) -> None:
    """Write the file that `privbench check` compares later runs with; small enough to commit."""
    from ..judging.baseline import make_baseline, write_baseline

    baseline = make_baseline(arguments.run_folders(runs))
    write_baseline(baseline, out)
    labels = ", ".join(run.label for run in baseline.runs)
    say(f"{out}: {labels}, {out.stat().st_size / 1024:.0f} KiB")
