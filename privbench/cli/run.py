"""`privbench run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from . import arguments
from .session import session

EPILOG = (
    "An anonymizer's own parameters are options too, such as --mu 0.005: `--anonymizer prichexy --help` shows them. "
    "Interrupted, the same command goes on after the last finished stage."
)


def command(
    context: typer.Context,
    anonymizer: Annotated[str, typer.Option(help="The anonymizer under test.")] = "identity",
    protocol: arguments.Protocol = "quick",
    dataset: arguments.Dataset = None,
    data_root: arguments.DataRoot = None,
    set_: arguments.Changes = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the protocol's.")] = None,
    plugin: arguments.Plugins = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; else a new one below runs/.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another run in --out.")] = False,
    store: arguments.Store = None,
    device: arguments.Device = "auto",
    precision: arguments.Precision = "32-true",
    workers: arguments.Workers = None,
    quiet: arguments.Quiet = False,
) -> None:
    """Attack one anonymizer, measure its utility, and write a run folder."""
    from ..api import run
    from ..plugins.registry import Registry
    from ..report.tables.summary import summary_sheet
    from ..report.terminal import print_sheets
    from .options import given_params

    console = Console(stderr=True)
    registry = Registry(plugin or [])
    params = given_params(context, registry.get("anonymizer", anonymizer).Params, anonymizer)
    with session(console, quiet):
        finished = run(
            anonymizer,
            params=params,
            protocol=protocol,
            overrides=set_ or [],
            dataset=dataset,
            data_root=data_root,
            seed=seed,
            store=store,
            out=out,
            overwrite=overwrite,
            device=device,
            precision=precision,
            workers=workers or arguments.cores(),
            registry=registry,
            console=console,
            quiet=quiet,
        )
    output = Console()
    print_sheets([summary_sheet(finished.record)], output)
    output.print(f"{finished.folder}", highlight=False, markup=False, soft_wrap=True)
