"""`privbench data check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from . import arguments
from .settings import with_data_setting

if TYPE_CHECKING:
    from ..running.setting import Setting

EPILOG = (
    "Exit status: 0 nothing has to be mended, 3 something has to; 2 there is nothing to check, or a mistyped command."
)
_MEND = 3


@with_data_setting
def command(
    setting: Setting,
    jobs: Annotated[int | None, typer.Option(min=1, help="Images at once; else one a core.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all that was found as JSON, with every name.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Draw what is odd into this picture.")] = None,
    exclude_bad: Annotated[
        Path | None, typer.Option(help="Write the images that have to go, for --set data.exclude_file.")
    ] = None,
    quiet: arguments.Quiet = False,
) -> None:
    """Look at every image and row of a data set before a run does, and tell all that is wrong with them."""
    from dataclasses import replace

    from ..base.errors import PrivbenchError
    from ..base.files import write_text
    from ..base.progress import Progress
    from ..data.exclusion import write_exclusion
    from ..judging.data_check import look_at
    from ..report.plots.odd_images import draw_odd_images
    from ..report.tables.data_check import data_check_sheet
    from ..report.terminal import print_sheets
    from .formats import say

    for option, place in (("--json", json), ("--sheet", sheet), ("--exclude-bad", exclude_bad)):
        if place is not None and place.is_dir():  # before every image is looked at
            raise PrivbenchError(f"{place} is a folder where {option} writes a file: name a file.")
    chosen = setting.load()
    data, request = setting.data(chosen)
    progress = Progress(Console(stderr=True), quiet)
    with progress.live():
        asked = replace(request, progress=progress, workers=jobs or request.workers)
        looked = look_at(data, asked, chosen.data.validation)
    check, left_out = looked.check, {*looked.check.bad_images, *request.exclude.names}
    if json is not None:
        write_text(json, check.model_dump_json(indent=1) + "\n")
    if sheet is not None:
        draw_odd_images(looked.pictures(), sheet)
    if exclude_bad is not None:
        write_exclusion(left_out, exclude_bad)
    print_sheets([data_check_sheet(check)], Console())
    for notice in check.notices:
        say(f"a run warns: {notice}", "yellow")
    if exclude_bad is not None:
        say(f"{exclude_bad}: {len(left_out)} images; --set data.exclude_file={exclude_bad} leaves them out")
    if check.to_mend:
        raise typer.Exit(_MEND)
