"""The check of a whole leaderboard: every entry verified anew, and beside the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loky import cpu_count

from ..base.errors import PrivbenchError
from ..base.processes import map_in_processes
from ..record.submission import FILE, SITE, read_submission
from .attack_track import ListedRun
from .in_common import in_common
from .ranking import read_entry
from .verify_submission import verify_submission

_FEW = 8  # entries for which other processes are not worth beginning


@dataclass(frozen=True)
class Checked:
    """The entries of a leaderboard that hold, and what is wrong with the others, by their paths from its folder."""

    listed: Sequence[ListedRun]
    faults: Mapping[str, Sequence[str]]


def check_submissions(leaderboard: Path) -> Checked:
    """Verifies every entry below a leaderboard's folder from its scores, on all cores.

    Raises PrivbenchError where there is no such folder. What is wrong with an entry is a fault, and no error.
    """
    if not leaderboard.is_dir():
        raise PrivbenchError(f"There is no folder {leaderboard}: name the one that holds a folder for each method.")
    places, faults = _entries(leaderboard)
    check = partial(_check, leaderboard)
    workers = min(cpu_count(), len(places)) if len(places) > _FEW else 1
    results = map_in_processes(check, places, workers) if workers > 1 else map(check, places)
    listed = []
    for place, (one, wrong) in zip(places, results, strict=True):
        if wrong:
            faults[place] = wrong
        elif one is not None:
            listed.append(one)
    for place, problem in in_common(listed):
        faults.setdefault(place, []).append(problem)
    return Checked([one for one in listed if one.place not in faults], dict(sorted(faults.items())))


def _entries(leaderboard: Path) -> tuple[list[str], dict[str, list[str]]]:
    """The paths of all entries, sorted, and what lies among them that is none. Hidden files are no one's business."""
    places, faults = [], {}
    for method in sorted(leaderboard.iterdir()):
        if method.name.startswith(".") or method.name == SITE or not (method.is_dir() or method.is_symlink()):
            continue  # a file beside the methods' folders tells of all of them
        for entry in sorted(method.iterdir()) if not method.is_symlink() else [method]:
            place = entry.relative_to(leaderboard).as_posix()
            if entry.name.startswith("."):
                continue
            if entry.is_symlink() or not (entry / FILE).is_file():
                faults[place] = [f"it is no entry: there is no {FILE} in it, or it is a link"]
            else:
                places.append(place)
    return places, faults


def _check(leaderboard: Path, place: str) -> tuple[ListedRun | None, list[str]]:
    """An entry, and what is wrong with it."""
    folder = leaderboard / place
    try:
        wrong = list(verify_submission(folder))
        submission, entry = read_submission(folder), read_entry(folder)
    except PrivbenchError as error:
        return None, [str(error)]
    if place != (right := submission.place(entry.record)):
        wrong.append(f"it belongs at {right}, by what it tells of itself")
    return ListedRun(place, submission, entry), wrong
