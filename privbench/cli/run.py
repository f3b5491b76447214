"""`privbench run`."""

from __future__ import annotations

import inspect
import logging
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from ..progress import log

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}
EPILOG = (
    "An anonymizer's own parameters are options too, such as --mu 0.005; `privbench list anonymizers` shows them. "
    "Interrupted, the same command goes on after the last finished stage."
)


def command(
    context: typer.Context,
    anonymizer: Annotated[str, typer.Option(help="The anonymizer under test.")] = "identity",
    protocol: Annotated[str, typer.Option(help="A built-in protocol, or a TOML file.")] = "quick",
    dataset: Annotated[str | None, typer.Option(help="Another data set than the protocol's.")] = None,
    data_root: Annotated[Path | None, typer.Option(help="The folder of a data set that lies on disk.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change the protocol: statistics.resamples=2000."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the protocol's.")] = None,
    plugin: Annotated[list[Path] | None, typer.Option(help="A Python file that defines plugins.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; else a new one below runs/.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another run in --out.")] = False,
    store: Annotated[Path | None, typer.Option(help="The folder of cached stages.", envvar="PRIVBENCH_STORE")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="32-true, bf16-mixed or 16-mixed.")] = "32-true",
    workers: Annotated[int | None, typer.Option(min=1, help="Workers that prepare the data; else one a core.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the result alone.")] = False,
) -> None:
    """Attack one anonymizer, measure its utility, and write a run folder."""
    from ..api import run
    from ..registry import Registry
    from ..report.summary import print_summary
    from .options import parse_params

    console = Console(stderr=True)
    handler = RichHandler(console=console, show_path=False, show_level=False, markup=False)
    handler.setLevel(logging.WARNING if quiet else logging.INFO)
    log.addHandler(handler)
    registry = Registry()
    for file in plugin or []:
        registry.add_file(file)
    own_options = [f"--{name.rstrip('_').replace('_', '-')}" for name in inspect.signature(command).parameters]
    params = parse_params(context.args, registry.get("anonymizer", anonymizer).Params, anonymizer, own_options)
    try:
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
            workers=workers or cores(),
            registry=registry,
            console=console,
            quiet=quiet,
        )
    except KeyboardInterrupt:
        console.print("Interrupted. Finished stages are kept; the same command goes on from there.")
        raise typer.Exit(130) from None
    finally:
        log.removeHandler(handler)
    output = Console()
    print_summary(finished.record, output)
    output.print(f"{finished.folder}", highlight=False, markup=False, soft_wrap=True)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
