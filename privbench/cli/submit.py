"""`privbench submit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .arguments import RunFolders, run_folders
from .formats import say

EPILOG = "docs/leaderboard.md shows the TOML file, and tells what is checked and what others may still find out."


def command(
    runs: RunFolders,
    about: Annotated[
        Path, typer.Option(help="A TOML file: name, description, authors, contact, licence of the method.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the leaderboard.")] = Path("leaderboard"),
) -> None:
    """Hand in runs to a leaderboard: verify them, and write an entry each, which goes there by pull request."""
    from datetime import UTC, datetime

    from ..judging.submitting import submit_runs

    for entry in submit_runs(run_folders(runs), about, out, datetime.now(UTC).date()):
        say(f"{entry.folder} ({entry.size / 2**20:.1f} MiB)")
        for warning in entry.warnings:
            say(f"  ! {warning}", "yellow")
