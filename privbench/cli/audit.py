"""`privbench audit`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ..base.errors import PrivbenchError
from . import arguments
from .conduct import conduct
from .settings import with_setting

if TYPE_CHECKING:
    from ..running.setting import Setting

EPILOG = (
    "Without --map, released files are called as their originals, with any ending or none. "
    "What a folder cannot tell is left out: whether the method draws noise, from whom it learnt, where it moves "
    "pixels. With --unpaired, images of no one original are judged for copies, memorization, membership and utility."
)


@with_setting
def command(
    setting: Setting,
    release: Annotated[Path, typer.Argument(help="The folder of released images: PNG, JPEG, TIFF or DICOM.")],
    name: Annotated[str, typer.Option(help="What the method is called in records and tables.")],
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter that it was made with: mu=0.01.")
    ] = None,
    originals: Annotated[Path | None, typer.Option(help="The folder of the originals, as --data-root.")] = None,
    map_: Annotated[
        Path | None,
        typer.Option("--map", help="A CSV with the columns original (as the data set calls it) and released (a path)."),
    ] = None,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="The images are of no one original, as synthetic ones are.")
    ] = False,
    learnt_from: Annotated[
        str | None,
        typer.Option(help="Of unpaired images, the splits their generator learnt from; else train,val is assumed."),
    ] = None,
    findings: Annotated[
        Path | None,
        typer.Option(help="Of unpaired images, a CSV with the columns image (a path) and the findings of the data."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; else a new one below runs/.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace another run in --out.")] = False,
    quiet: arguments.Quiet = False,
) -> None:
    """Judge a release that any tool made: a folder of images beside their originals."""
    from ..api import plan_audit
    from ..report.tables.summary import summary_sheet
    from ..report.terminal import print_sheets
    from ..running.unpaired_claim import claim_of

    if originals is not None and setting.data_root is not None:
        raise PrivbenchError("--originals and --data-root name the same folder: give one of them.")
    setting = replace(setting, data_root=originals or setting.data_root)
    params, console = _params(param or []), Console(stderr=True)
    splits = None if learnt_from is None else [word.strip() for word in learnt_from.split(",") if word.strip()]
    claim = claim_of(release, name, params, map_, unpaired, splits, findings)
    (finished,) = conduct([lambda: plan_audit(claim, setting, out, overwrite)], setting, console, quiet)
    output = Console()
    print_sheets([summary_sheet(finished.record)], output)
    output.print(f"{finished.folder}", highlight=False, markup=False, soft_wrap=True)


def _params(told: list[str]) -> dict[str, Any]:
    """`mu=0.01` as a parameter. Raises PrivbenchError where one is no such pair, or given twice."""
    from ..base.params import is_plain
    from ..protocols.schema import parse_value

    params: dict[str, Any] = {}
    for one in told:
        name, equals, value = one.partition("=")
        if not (name.isidentifier() and equals and value.strip()):
            raise PrivbenchError(f"--param {one!r} is not NAME=VALUE, such as mu=0.01.")
        if name in params:
            raise PrivbenchError(f"--param {name} is given twice: keep one.")
        read: Any = parse_value(value.strip())
        params[name] = read if is_plain(read) else value.strip()  # inf, dates and lists stay as they were typed
    return params
