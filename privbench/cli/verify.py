"""`privbench verify`."""

from __future__ import annotations

import typer
from rich.console import Console

from . import arguments

EPILOG = "Exit status: 0 everything holds, 1 something does not."


def command(runs: arguments.RunFolders, store: arguments.Store = None) -> None:
    """Recompute every figure of runs from their scores, check digests, terms, stages, and name what does not hold."""
    from ..base.errors import PrivbenchError
    from ..judging.verify import verify_run
    from ..running.store import default_store

    console = Console()
    broken = False
    for folder in arguments.run_folders(runs):
        try:
            problems = list(verify_run(folder, store or default_store()))
        except PrivbenchError as error:
            problems = [str(error)]
        broken = broken or bool(problems)
        if not problems:
            console.print(f"{folder}: everything holds", highlight=False, markup=False)
            continue
        console.print(f"{folder}: {problems[0]}", style="bold red", highlight=False, markup=False, soft_wrap=True)
        for problem in problems[1:]:
            console.print(f"  and {problem}", highlight=False, markup=False, soft_wrap=True)
    if broken:
        raise typer.Exit(1)
