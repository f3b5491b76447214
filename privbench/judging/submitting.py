"""Hands in runs to a leaderboard: an entry each, which holds what everybody needs to compute its figures again."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .. import __version__
from ..base.errors import PrivbenchError, nearest, raise_all
from ..base.files import digests, read_text, write_text
from ..base.placing import Place
from ..record.run import RunRecord, read_run
from ..record.submission import FILE, AboutRecord, MethodRecord, SubmissionRecord
from .sharing import warnings_of_sharing, why_not_shared, write_shared
from .verify_submission import verify_submission, why_not_listed


@dataclass(frozen=True)
class HandedIn:
    """An entry as it was written: where it lies, its size in bytes, and what it still tells of people, in clauses."""

    folder: Path
    size: int
    warnings: Sequence[str]


def submit_runs(folders: Sequence[Path], about: Path, leaderboard: Path, day: date) -> list[HandedIn]:
    """Writes an entry of each run into the folder of a leaderboard: all of them, or none where any is refused.

    An entry holds what is shared of a run, without the names of images and patients, and `submission.json`. All are
    verified as they were written before any has its place.

    Args:
        folders: of the runs.
        about: a TOML file with the fields of an `AboutRecord`.
        leaderboard: the folder that holds a folder for each method.
        day: on which they are handed in.

    Raises:
        PrivbenchError: runs that do not hold, or may not be listed, and what is told beside them and does not do, all
            of it together.
    """
    values, problems = _read(about)
    told = None
    if values is not None:
        told, wrong = _about(values, about)
        problems += wrong
    records: dict[Path, RunRecord] = {}
    for folder in {one.resolve(): one for one in folders}.values():
        try:
            record = read_run(folder)
            problems += _problems(folder, record, leaderboard.resolve(), values)
            records[folder] = record
        except PrivbenchError as error:
            problems.append(str(error))
    wanted: dict[str, Path] = {}
    if told is not None:
        for folder, record in records.items():
            place = _submission(told, record, day, {}).place(record)
            if place in wanted:
                problems.append(f"{folder} and {wanted[place]} hold the same run: name one of them.")
            elif (leaderboard / place).exists():
                problems.append(f"{leaderboard / place} is there already: {folder} was handed in today.")
            wanted.setdefault(place, folder)
    raise_all(problems)
    assert told is not None  # else there was a problem
    outs = {leaderboard / place: folder for place, folder in wanted.items()}
    with ExitStack() as all_places:  # at whose end all of them appear
        for out, folder in sorted(outs.items()):
            problems += _written(folder, records[folder], all_places.enter_context(_room(out, folder)), told, day)
        raise_all(problems)
    return [_handed_in(out) for out in outs]


def _read(about: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """What the TOML file says; None, and what is wrong with it, where it cannot be read."""
    try:
        return tomllib.loads(read_text(about, "write one, as docs/leaderboard.md shows")), []
    except PrivbenchError as error:
        return None, [str(error)]
    except tomllib.TOMLDecodeError as error:
        return None, [f"{about} is not TOML ({error}): mend that line."]


def _about(values: dict[str, Any], about: Path) -> tuple[AboutRecord | None, list[str]]:
    """What is told of the method, and every field that does not do. Line breaks of a text are blanks."""
    plain = {name: " ".join(value.split()) if isinstance(value, str) else value for name, value in values.items()}
    try:
        return AboutRecord.model_validate(plain), []
    except ValidationError as error:
        return None, list(_wrong(error, about))


def _wrong(error: ValidationError, about: Path) -> Iterator[str]:
    for one in error.errors(include_url=False):
        field = ".".join(map(str, one["loc"]))
        if one["type"] == "missing":
            yield f"{field!r} is missing in {about}: tell it."
        elif one["type"] == "extra_forbidden":
            yield f"{field!r} is nothing that {about} tells: {nearest(field, AboutRecord.model_fields)}"
        else:
            yield f"In {about}, {field!r} does not do: {one['msg'].removeprefix('Value error, ')}."


def _problems(folder: Path, record: RunRecord, leaderboard: Path, told: dict[str, Any] | None) -> Iterator[str]:
    """Why a run cannot be handed in. Raises PrivbenchError where it cannot be verified."""
    for why in (why_not_shared(folder, leaderboard), why_not_listed(record)):
        if why is not None:
            yield f"{folder} cannot be handed in, because {why}."
    if not record.public and told is not None and "data" not in told:
        yield (
            f"{folder} cannot be handed in, because its data may be of people: tell as 'data' on which terms figures "
            "and scores of them may be published."
        )


def _submission(told: AboutRecord, record: RunRecord, day: date, files: dict[str, str]) -> SubmissionRecord:
    return SubmissionRecord(
        method=MethodRecord(**told.model_dump(exclude={"data"})),
        data_terms=None if record.public else told.data,
        submitted=day.isoformat(),
        privbench=__version__,
        files=files,
    ).sealed()


def _room(out: Path, folder: Path) -> AbstractContextManager[Path]:
    """A new folder to write an entry into, which takes its place where the block ends well."""
    place = Place(out, lambda _: ())

    def check() -> None:
        if not place.is_free:
            raise PrivbenchError(f"{out} is there already: {folder} was handed in today.")

    return place.filled(check, f"waiting for another command that fills {out}")


def _written(folder: Path, record: RunRecord, part: Path, told: AboutRecord, day: date) -> list[str]:
    """Writes the entry of a run into a folder; returns what of it does not hold, in sentences."""
    write_shared(folder, part, with_names=False)
    submission = _submission(told, record, day, digests(part, without=FILE))
    write_text(part / FILE, submission.model_dump_json(indent=1))
    return [f"{folder} cannot be handed in: {problem}." for problem in verify_submission(part)]


def _handed_in(out: Path) -> HandedIn:
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    return HandedIn(out, size, list(warnings_of_sharing(out)))
