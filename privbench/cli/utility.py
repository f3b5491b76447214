"""`privbench utility`."""

from __future__ import annotations

from . import arguments
from .formats import Choice, Format, print_for_machines, print_for_people


def command(runs: arguments.RunFolders, format: Choice = Format.terminal) -> None:
    """Print what the runs' releases are still good for: by task and mode, finding and group, against originals."""
    from ..judging.ranking import Entry, make_boards
    from ..record.run import read_run
    from ..report.tables.utility_figures import as_frame
    from ..report.tables.utility_sheets import utility_sheets

    entries = [Entry(read_run(folder), None, None, folder) for folder in arguments.run_folders(runs)]
    if format.for_machines:
        print_for_machines(as_frame([entry.record for entry in entries]), format)
    else:
        print_for_people(utility_sheets(make_boards(entries)), format)
