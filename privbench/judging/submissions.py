"""The check of a whole leaderboard: every entry verified anew, and what two of them may not have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loky import cpu_count

from ..base.errors import PrivbenchError
from ..base.processes import map_in_processes
from ..record.run import RunRecord
from ..record.submission import FILE, SITE, read_submission
from .attack_track import ListedRun
from .ranking import make_boards, read_entry
from .terms import differences_of
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


def in_common(listed: Sequence[ListedRun]) -> Iterator[tuple[str, str]]:
    """What entries have in common and may not, or do not and should: the path of the later one of both, and a clause.

    A run stands in a leaderboard once, a key is that of one method in a table, because rankings take runs of one key
    for copies, a name is that of one anonymizer, an anonymizer has one name, and those of one fingerprint have the
    same terms, and rest on the same draws of the same patients.
    """
    runs: dict[tuple[str, str], ListedRun] = {}
    keys: dict[tuple[str, str], ListedRun] = {}
    methods: dict[str, ListedRun] = {}
    names: dict[tuple[str, str, str], ListedRun] = {}
    ordered = sorted(listed, key=lambda one: (one.submission.submitted, one.place))
    for one in ordered:
        record, method = one.record, one.record.anonymizer
        first = runs.setdefault((record.key, record.created), one)
        if first is not one:
            yield one.place, f"it is the same run as {first.place}"
        first = keys.setdefault((record.fingerprint, record.key), one)
        if first.track_key != one.track_key:
            yield one.place, f"it has the key of {first.place}, which is another method's, or of other parameters"
        first = methods.setdefault(one.submission.method.slug, one)
        if first.record.anonymizer.name != method.name:
            whose = f"its anonymizer is {method.name}, and that of {first.place} {first.record.anonymizer.name}"
            yield one.place, f"{whose}: give another method another name"
        first = names.setdefault((method.name, method.version, method.code), one)
        if first.submission.method.slug != one.submission.method.slug:
            called = f"it is the method that {first.place} calls {first.submission.method.name}"
            yield one.place, f"{called}: hand it in under that name"
    for fingerprint in {one.record.fingerprint: one for one in ordered}:
        first, *others = own = [one for one in ordered if one.record.fingerprint == fingerprint]
        for one in others:
            if told := [*differences_of(first.record, one.record), *_public(first.record, one.record)]:
                yield one.place, f"it claims the fingerprint of {first.place}, and other terms ({'; '.join(told[:3])})"
        try:
            make_boards([one.entry for one in own])
        except PrivbenchError as error:
            yield own[-1].place, str(error)


def _public(one: RunRecord, other: RunRecord) -> list[str]:
    """Whether two runs tell differently if anybody is in their data."""
    return [] if one.public == other.public else [f"public: {one.public} / {other.public}"]
