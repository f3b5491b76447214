"""`privbench sweep`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from . import arguments
from .planning import plan_all
from .session import session

EPILOG = "Interrupted, the same command goes on after the last finished stage."


def command(
    sweep: Annotated[str, typer.Argument(help="A built-in sweep, such as table1, or a TOML file.")],
    protocol: arguments.Protocol = "quick",
    dataset: arguments.Dataset = None,
    data_root: arguments.DataRoot = None,
    set_: arguments.Changes = None,
    plugin: arguments.Plugins = None,
    out: Annotated[Path | None, typer.Option(help="Where the run folders go; else below runs/.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace other runs in --out.")] = False,
    store: arguments.Store = None,
    device: arguments.Device = "auto",
    precision: arguments.Precision = "32-true",
    workers: arguments.Workers = None,
    quiet: arguments.Quiet = False,
) -> None:
    """Run every method of a list under one protocol, and print the leaderboard."""
    from ..api import plan
    from ..base.progress import log
    from ..plugins.registry import Registry
    from ..report.tables.published import beside_published
    from ..report.terminal import print_table
    from ..sweeps.schema import load_sweep
    from .formats import Format
    from .leaderboard import command as print_leaderboard

    chosen = load_sweep(sweep)
    folder = out or Path("runs") / chosen.name
    console, registry = Console(stderr=True), Registry(plugin or [])
    plans = plan_all(
        partial(
            plan,
            row.anonymizer,
            params=row.params,
            protocol=protocol,
            overrides=set_ or [],
            dataset=dataset,
            data_root=data_root,
            store=store,
            out=folder / row.folder,
            overwrite=overwrite,
            device=device,
            precision=precision,
            workers=workers or arguments.cores(),
            registry=registry,
            console=console,
            quiet=quiet,
        )
        for row in chosen.rows
    )
    comparable = []
    with session(console, quiet):
        for number, (row, planned) in enumerate(zip(chosen.rows, plans, strict=True), start=1):
            log.info("%s, run %d of %d: %s", chosen.name, number, len(chosen.rows), row.folder)
            finished = planned.carry_out()
            if chosen.published_under == finished.record.protocol["name"]:
                comparable.append((row, finished.record))
    if (table := beside_published(comparable, f"{chosen.description}, and here")) is not None:
        print_table(table, Console())
    print_leaderboard([folder / row.folder for row in chosen.rows], Format.terminal, None)
