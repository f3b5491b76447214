"""`privbench profile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import arguments
from .formats import Choice, Format, print_for_machines, print_for_people


def command(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    store: arguments.Store = None,
    format: Choice = Format.terminal,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Tell where the time and memory of a run went, by stage and within trainings, beside what this machine can do."""
    from ..engine.store import default_store
    from ..judging.ceilings import Bounds, bounds_of, computing_of, measure_ceilings
    from ..judging.profile import profile_of
    from ..record.run import read_run
    from ..report.machine import as_frame
    from ..report.tables.profile import profile_sheet
    from ..running.environment import name_of

    record = read_run(run)
    stages = profile_of(record, store or default_store())
    ran, notes = computing_of(record.device), []
    helpers = max((one.decoding.helpers for one in stages if one.decoding is not None), default=None)
    ceilings = measure_ceilings(ran, helpers)
    bounds = bounds_of(ceilings, ran, helpers)
    if (here := name_of(ran.device)) != (there := record.device.get("name")):
        bounds = Bounds()
        notes.append(
            f"The run computed on {there}, and the rates of this machine are those of {here or 'another one'}."
        )
    sheet = profile_sheet(record.label, stages, ceilings, bounds, notes)
    format = Format.json if as_json else format
    if format.for_machines:
        print_for_machines(as_frame(sheet.tables), format)
    else:
        print_for_people([sheet], format)
