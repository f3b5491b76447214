"""`privbench report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .arguments import RunFolders, run_folders


def command(
    runs: RunFolders,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The report's folder; one of an older report is replaced.")
    ] = Path("report"),
) -> None:
    """Write a report of the runs: one folder with a page that opens from disk, and every plot as SVG and PNG."""
    from rich.console import Console

    from ..report.page.build import PAGE, build_report

    build_report(run_folders(runs), out)
    Console().print(f"{out / PAGE}", highlight=False, markup=False, soft_wrap=True)
