"""`privbench share`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .arguments import RunFolders, run_folders
from .formats import say

EPILOG = "What is left out stands in privbench-run.json, too; docs/privacy.md tells what a receiver may still find out."


def command(
    runs: RunFolders,
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder, which gets one for each run.")] = Path(
        "shared"
    ),
    with_weights: Annotated[
        bool, typer.Option("--with-weights", help="With the anonymizer's weights, which remember training images.")
    ] = False,
) -> None:
    """Write runs for others: verified first, without weights, log, names, texts of the house and exact ages."""
    from ..judging.sharing import share_runs

    for shared in share_runs(run_folders(runs), out, with_weights):
        say(f"{shared.folder}")
        say(f"  withheld: {'; '.join(shared.withheld)}")
        for warning in shared.warnings:
            say(f"  ! {warning}", "yellow")
