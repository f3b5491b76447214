"""`privbench utility`."""

from __future__ import annotations

from pathlib import Path

from . import arguments
from .formats import Choice, Format, print_for_machines, print_for_people


def command(runs: arguments.RunFolders, format: Choice = Format.terminal) -> None:
    """Print what the runs' releases are still good for: by task and mode, finding and group, against originals."""
    from ..judging.ranking import Entry, make_boards
    from ..record.run import read_run
    from ..report.tables.utility_figures import as_frame
    from ..report.tables.utility_sheets import utility_sheets

    def read(folder: Path) -> Entry:
        return Entry(read_run(folder), None, None, folder)

    with arguments.each_run(arguments.run_folders(runs), read) as entries:
        if format.for_machines:
            print_for_machines(as_frame([entry.record for entry in entries]), format)
        else:
            print_for_people(utility_sheets(make_boards(entries)), format)
