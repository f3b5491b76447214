"""`privbench sweep`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from . import arguments, completion
from .conduct import conduct
from .settings import with_setting

if TYPE_CHECKING:
    from ..running.setting import Setting

EPILOG = "Interrupted, the same command goes on after the last finished stage."


@with_setting
def command(
    setting: Setting,
    sweep: Annotated[
        str,
        typer.Argument(help="A built-in sweep, such as table1, or a TOML file.", autocompletion=completion.sweeps),
    ],
    out: Annotated[Path | None, typer.Option(help="Where the run folders go; else below runs/.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace other runs in --out.")] = False,
    quiet: arguments.Quiet = False,
) -> None:
    """Run every method of a list under one protocol, and print the leaderboard."""
    from ..api import Run, plan
    from ..base.progress import log
    from ..report.tables.published import beside_published
    from ..report.terminal import print_table
    from ..sweeps.schema import load_sweep
    from .formats import Format
    from .leaderboard import command as print_leaderboard

    chosen = load_sweep(sweep)
    folder = out or Path("runs") / chosen.name
    runs = [partial(plan, row.anonymizer, row.params, setting, folder / row.folder, overwrite) for row in chosen.rows]
    done = 0

    def tell(run: Run) -> None:
        nonlocal done
        done += 1
        told = (chosen.name, done, len(runs), run.folder.name)
        log.info("%s, run %d of %d is there: %s", *told, extra={"goals": ()})  # no run's own log

    finished = conduct(runs, setting, Console(stderr=True), quiet, tell)
    comparable = [
        (row, run.record)
        for row, run in zip(chosen.rows, finished, strict=True)
        if chosen.published_under == run.record.protocol["name"]
    ]
    if (table := beside_published(comparable, f"{chosen.description}, and here")) is not None:
        print_table(table, Console())
    print_leaderboard([run.folder for run in finished], Format.terminal, None)
