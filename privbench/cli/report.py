"""`privbench report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .arguments import RunFolders, Store, each_run, run_folders
from .formats import say


def command(
    runs: RunFolders,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The report's folder; one of an older report is replaced.")
    ] = Path("report"),
    with_originals: Annotated[
        bool, typer.Option("--with-originals", help="Show radiographs that may be of people, from the store.")
    ] = False,
    store: Store = None,
) -> None:
    """Write a report of the runs: one folder with a page that opens from disk, and every plot as SVG and PNG."""
    from ..engine.store import default_store
    from ..report.page.build import PAGE, build_report
    from ..report.page.runs import read_reported

    with each_run(run_folders(runs), read_reported) as entries:
        build_report(entries, out, (store or default_store()) if with_originals else None)
        say(f"{out / PAGE}")
