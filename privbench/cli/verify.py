"""`privbench verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import arguments, completion
from .formats import say

EPILOG = (
    "Exit status: 0 everything holds, 1 something does not, 2 something cannot be verified: no run, release or "
    "baseline, one that cannot be read, or one by an older privbench; 1 where both are so."
)


def command(
    runs: arguments.RunFolders,
    store: arguments.Store = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="The protocol of baselines; else the one of that name beside them, or built in.",
            autocompletion=completion.protocols,
        ),
    ] = None,
) -> None:
    """Recompute every figure of runs from their scores, check digests, terms, stages, and name what does not hold.

    Of a release that `privbench anonymize` made, check that it is what its manifest tells, and nothing else. Of a
    file of `privbench baseline`, check that it was not edited, and was made under the protocol as it is now.
    """
    from ..base.errors import PrivbenchError
    from ..engine.store import default_store

    place = store or default_store()
    changed = unknown = False
    for path in arguments.run_folders(runs):
        try:
            problems, held = _of_baseline(path, protocol) if path.is_file() else _of_folder(path, place)
        except PrivbenchError as error:
            unknown = True
            say(f"{path} cannot be verified: {error}", "bold yellow")
            continue
        changed = changed or bool(problems)
        if not problems:
            say(f"{path}: {held}")
            continue
        say(f"{path}: {problems[0]}", "bold red")
        for problem in problems[1:]:
            say(f"  and {problem}")
    if changed or unknown:
        raise typer.Exit(1 if changed else 2)


def _of_baseline(path: Path, protocol: str | None) -> tuple[list[str], str]:
    """What does not hold of a baseline, and what is said where everything does. Raises as `verify_baseline`."""
    from ..judging.verify_baseline import verify_baseline

    return list(verify_baseline(path, protocol)), "everything holds (its digest, its fingerprint, its protocol)"


def _of_folder(folder: Path, store: Path) -> tuple[list[str], str]:
    """The same of a run or a release. Raises PrivbenchError where it is neither, or cannot be verified."""
    from ..base.errors import PrivbenchError
    from ..judging.provenance import compared
    from ..judging.verify import verify_run
    from ..judging.verify_release import verify_release
    from ..record.manifest import MANIFEST
    from ..record.run import FILE, read_run
    from ..running.run_folder import withheld_from

    if (folder / MANIFEST).is_file():
        return list(verify_release(folder)), f"everything holds (files against {MANIFEST})"
    if not (folder / FILE).is_file():
        raise PrivbenchError(
            f"it holds neither {FILE} of a run nor {MANIFEST} of a release: check its path, or give the command again "
            "that was to make it."
        )
    if problems := list(verify_run(folder, store)):
        return problems, ""
    record, withheld = read_run(folder), withheld_from(folder)
    told = compared(record, store)
    if record.unjudged is not None:
        told = f"privacy was not judged: {record.unjudged}; {told}"
    if withheld:
        told = f"withheld when it was shared: {'; '.join(withheld)}; {told}"
    return [], f"everything{' that is there' if withheld else ''} holds ({told})"
