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
    from ..judging.ceilings import matrix_ceiling, measure_ceilings
    from ..judging.profile import profile_of
    from ..record.run import read_run
    from ..report.machine import as_frame
    from ..report.tables.profile import profile_sheet
    from ..running.environment import name_of

    record = read_run(run)
    stages = profile_of(record, store or default_store())
    kind, threads = record.device.get("type", "cpu"), int(record.device.get("threads", 1))
    ceilings = measure_ceilings(threads)
    at_best, notes = matrix_ceiling(ceilings, kind, threads, record.device.get("precision", "32-true")), []
    if (here := name_of(kind)) != (there := record.device.get("name")):
        at_best = None
        notes.append(
            f"The run computed on {there}, and the rates of this machine are those of {here or 'another one'}."
        )
    sheet = profile_sheet(record.label, stages, ceilings, at_best, notes)
    format = Format.json if as_json else format
    if format.for_machines:
        print_for_machines(as_frame(sheet.tables), format)
    else:
        print_for_people([sheet], format)
