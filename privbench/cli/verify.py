"""`privbench verify`."""

from __future__ import annotations

import typer

from . import arguments
from .formats import say

EPILOG = (
    "Exit status: 0 everything holds, 1 something does not, 2 something cannot be verified: no run or release, one "
    "that cannot be read, or a run by an older privbench; 1 where both are so."
)


def command(runs: arguments.RunFolders, store: arguments.Store = None) -> None:
    """Recompute every figure of runs from their scores, check digests, terms, stages, and name what does not hold.

    Of a release that `privbench anonymize` made, check that it is what its manifest tells, and nothing else.
    """
    from ..base.errors import PrivbenchError
    from ..engine.store import default_store
    from ..judging.provenance import compared
    from ..judging.verify import verify_run
    from ..judging.verify_release import verify_release
    from ..record.manifest import MANIFEST
    from ..record.run import FILE, read_run
    from ..running.run_folder import withheld_from

    place = store or default_store()
    changed = unknown = False
    for folder in arguments.run_folders(runs):
        is_release = (folder / MANIFEST).is_file()
        try:
            if not (is_release or folder.is_file() or (folder / FILE).is_file()):
                raise PrivbenchError(
                    f"it holds neither {FILE} of a run nor {MANIFEST} of a release: check its path, or give the "
                    "command again that was to make it."
                )
            problems = list(verify_release(folder) if is_release else verify_run(folder, place))
        except PrivbenchError as error:
            unknown = True
            say(f"{folder} cannot be verified: {error}", "bold yellow")
            continue
        changed = changed or bool(problems)
        if not problems:
            told = f"files against {MANIFEST}"
            if not is_release:
                record = read_run(folder)
                told = compared(record, place)
                if record.unjudged is not None:
                    told = f"privacy was not judged: {record.unjudged}; {told}"
            if withheld := () if is_release else withheld_from(folder):
                told = f"withheld when it was shared: {'; '.join(withheld)}; {told}"
            say(f"{folder}: everything{' that is there' if withheld else ''} holds ({told})")
            continue
        say(f"{folder}: {problems[0]}", "bold red")
        for problem in problems[1:]:
            say(f"  and {problem}")
    if changed or unknown:
        raise typer.Exit(1 if changed else 2)
