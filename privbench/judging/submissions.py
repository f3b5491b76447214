"""The check of a whole leaderboard: every entry verified anew, and beside the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path

from loky import cpu_count

from .. import __version__
from ..base.errors import PrivbenchError
from ..base.marking import listed as written_in
from ..base.processes import map_parts_in_processes
from ..record.run import read_run
from ..record.submission import FILE, SITE, SITE_MARKER, read_submission
from .attack_track import ListedRun
from .entry_files import unreadable
from .in_common import in_common
from .ranking import Entry, read_entry
from .verify import OldSchema
from .verify_submission import verify_submission

README = "README.md"
"""The file of a leaderboard that is about all of it."""
_Found = tuple[ListedRun | None, list[str]]


@dataclass(frozen=True)
class Checked:
    """The entries of a leaderboard that hold, and what is wrong with the others, by their paths from its folder.

    Those of an older schema, of which nobody can tell any more, are among the first, and say so.
    """

    listed: Sequence[ListedRun]
    faults: Mapping[str, Sequence[str]]


def check_submissions(leaderboard: Path, today: date) -> Checked:
    """Verifies every entry below a leaderboard's folder from its scores, on all cores, in processes of their own.

    Raises PrivbenchError where there is no such folder. What is wrong with an entry is a fault, and no error; so is an
    entry of a day after this one, and whatever lies there, would be published, and is looked at by nobody.
    """
    if not leaderboard.is_dir():
        raise PrivbenchError(f"There is no folder {leaderboard}: name the one that holds a folder for each method.")
    places, faults = _entries(leaderboard)
    check, parts = partial(check_entries, leaderboard, today), [[place] for place in places]
    listed = []
    for place, (one, wrong) in zip(
        places, chain.from_iterable(map_parts_in_processes(check, parts, cpu_count(), _killed)), strict=True
    ):
        if wrong:
            faults[place] = wrong
        elif one is not None:
            listed.append(one)
    for place, problem in in_common(listed):
        faults.setdefault(place, []).append(problem)
    return Checked([one for one in listed if one.place not in faults], dict(sorted(faults.items())))


def _entries(leaderboard: Path) -> tuple[list[str], dict[str, list[str]]]:
    """The paths of all entries, sorted, and what lies among them that is none."""
    places, strangers = [], []
    for method in sorted(leaderboard.iterdir()):
        if method.name == SITE and method.is_dir() and not method.is_symlink():
            strangers += _beside_pages(method)
        elif method.name.startswith(".") or method.is_symlink() or not method.is_dir():
            strangers += [method] * (method.name != README or method.is_symlink())
        else:
            for entry in sorted(method.iterdir()):
                if entry.name.startswith(".") or entry.is_symlink() or not (entry / FILE).is_file():
                    strangers.append(entry)
                else:
                    places.append(entry.relative_to(leaderboard).as_posix())
    what = f"it is no entry: there is no {FILE} in it, or it is hidden or a link, and it would be published"
    return places, {path.relative_to(leaderboard).as_posix(): [what] for path in strangers}


def _beside_pages(site: Path) -> list[Path]:
    """What lies among the pages that privbench did not write there."""
    written = {SITE_MARKER, *written_in(site, SITE_MARKER)}
    there = (path for path in sorted(site.rglob("*")) if path.is_symlink() or not path.is_dir())
    return [path for path in there if path.is_symlink() or path.relative_to(site).as_posix() not in written]


def check_entries(leaderboard: Path, today: date, places: Sequence[str]) -> list[_Found]:
    """What `check_entry` finds of each."""
    return [check_entry(leaderboard, today, place) for place in places]


def check_entry(leaderboard: Path, today: date, place: str) -> _Found:
    """An entry by its path from the leaderboard's folder, and what is wrong with it by itself, in clauses."""
    folder = leaderboard / place
    if wrong := list(unreadable(folder)):
        return None, wrong
    unverified = None
    try:
        try:
            wrong.extend(verify_submission(folder))
        except OldSchema:
            unverified = f"it is not verified by privbench {__version__}, since its schema is an older one"
        submission = read_submission(folder)
        entry = read_entry(folder) if unverified is None else Entry(read_run(folder), None, None, folder)
    except PrivbenchError as error:
        return None, [*wrong, str(error)]
    # What strangers wrote may be wrong in any way; whatever reading it raises is the finding.
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        return None, [*wrong, f"it cannot be read ({type(error).__name__}: {error})"]
    if submission.submitted > today.isoformat():
        wrong.append(f"{FILE}: it was handed in on {submission.submitted}, a day to come")
    if place != (right := submission.place(entry.record)):
        wrong.append(f"it belongs at {right}, by what it tells of itself")
    return ListedRun(place, submission, entry, unverified), wrong


def _killed(_: str) -> _Found:
    return None, ["it ends the process that verifies it, or needs more memory than there is"]
