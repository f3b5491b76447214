"""`privbench run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from . import arguments, completion
from .conduct import conduct
from .settings import with_setting

if TYPE_CHECKING:
    from ..running.setting import Setting

EPILOG = (
    "An anonymizer's own parameters are options too, such as --mu 0.005: `--anonymizer prichexy --help` shows them; "
    "one that ends in -file may be written without that, as --weights FILE. "
    "Interrupted, the same command goes on after the last finished stage."
)


@with_setting
def command(
    context: typer.Context,
    setting: Setting,
    anonymizer: Annotated[
        str, typer.Option(help="The anonymizer under test.", autocompletion=completion.anonymizers)
    ] = "identity",
    out: Annotated[Path | None, typer.Option(help="The run folder; else a new one below runs/.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another run in --out.")] = False,
    quiet: arguments.Quiet = False,
) -> None:
    """Attack one anonymizer, measure its utility, and write a run folder."""
    from ..api import plan
    from ..report.tables.summary import summary_sheet
    from ..report.terminal import print_sheets
    from .options import given_params

    params = given_params(context, setting.registry.get("anonymizer", anonymizer).Params, anonymizer)
    console = Console(stderr=True)
    (finished,) = conduct([lambda: plan(anonymizer, params, setting, out, overwrite)], setting, console, quiet)
    output = Console()
    print_sheets([summary_sheet(finished.record)], output)
    output.print(f"{finished.folder}", highlight=False, markup=False, soft_wrap=True)
