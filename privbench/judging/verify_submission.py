"""Does an entry of a leaderboard hold? Its files, its run from the scores up, and that it may stand in one at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..base.errors import PrivbenchError
from ..base.files import sha256
from ..record.folder import ANONYMIZER_STATE, files_of
from ..record.nameless import named_columns
from ..record.run import FILE as RUN
from ..record.run import RunRecord, read_run
from ..record.scores import read_scores
from ..record.shared import Withheld
from ..record.submission import FILE, SubmissionRecord, read_submission
from ..running.run_folder import MARKER, withheld_from
from .verify import verify_run

LARGEST = 95 * 2**20
"""Bytes of a file: GitHub takes none of 100 MiB."""
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def verify_submission(folder: Path) -> Iterator[str]:
    """Everything in an entry of a leaderboard that does not hold, one sentence each.

    Its files are those that it tells, and no others; the run holds as `verify_run` says, all of it recomputed from the
    scores; it may be listed; and no score names anybody.

    Raises:
        PrivbenchError: the folder holds no entry, or one whose run cannot be read or verified.
    """
    submission, record = read_submission(folder), read_run(folder)
    strange = list(_strange(folder, submission, record))
    yield from strange
    yield from _manifest(folder, submission)
    if (why := why_not_listed(record)) is not None:
        yield f"{RUN}: it cannot be listed, because {why}"
    if not record.public and submission.data_terms is None:
        yield f"{FILE}: it does not tell on which terms figures and scores of its data may be published"
    if not _FINGERPRINT.fullmatch(record.fingerprint):
        yield f"{RUN}: fingerprint is no SHA-256"
    if not _MOMENT.match(record.created):
        yield f"{RUN}: created is no moment such as 2026-01-31T12:00:00+00:00"
    elif submission.submitted < record.created[:10]:
        yield f"{FILE}: it was handed in on {submission.submitted}, before it was made ({record.created[:10]})"
    if not strange:  # a link could lead anywhere
        yield from verify_run(folder)
        yield from _named(folder, record)


def why_not_listed(record: RunRecord) -> str | None:
    """Why a run may not stand in a leaderboard, in a clause; None where it may.

    A certified run may, and an open one, which says so beside its figures and is never ranked.
    """
    if record.worst_case is None:
        return f"its privacy was not judged: {record.unjudged}"
    if record.contamination is not None:
        return f"{record.contamination.rstrip('.')}; make it again from weights that did not see them"
    if record.worst_case.verdict not in ("certified", "open"):
        worst = record.worst_case
        return f"{worst.standing} ({worst.reason}), and its figures prove nothing; make it again with a larger budget"
    return None


def _strange(folder: Path, submission: SubmissionRecord, record: RunRecord) -> Iterator[str]:
    """What is no file of an entry, or too large for one."""
    allowed = {FILE, RUN, MARKER, *files_of(record)} - {ANONYMIZER_STATE}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield f"{name} is a link, or no file at all"
        elif path.is_file() and name not in allowed:
            yield f"{name} lies there, and is no file of an entry"
        elif path.is_file() and path.stat().st_size > LARGEST:
            yield f"{name} is larger than {LARGEST // 2**20} MiB, which repositories do not take"
    for name in sorted(submission.files.keys() - allowed):
        yield f"{FILE}: it lists {name}, which is no file of an entry"


def _manifest(folder: Path, submission: SubmissionRecord) -> Iterator[str]:
    if submission.own_digest() != submission.digest:
        yield f"{FILE} was changed: its digest is not that of what it tells"
    for name, digest in submission.files.items():
        file = folder / name
        if not file.is_file():
            yield f"{name} is missing, which {FILE} lists"
        elif sha256(file) != digest:
            yield f"{name} was changed: its digest is not the one in {FILE}"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(there - submission.files.keys() - {FILE}):
        yield f"{name} lies there, and {FILE} does not list it"


def _named(folder: Path, record: RunRecord) -> Iterator[str]:
    """Score files in which something stands that may be a name."""
    if Withheld.NAMES not in withheld_from(folder):
        yield f"{MARKER}: it does not tell that names were withheld: make the entry with submit"
    for name in (name for name in files_of(record) if name.endswith(".parquet")):
        try:
            columns = named_columns(read_scores(folder / name))
        except PrivbenchError:
            continue  # which was told before
        if columns:
            yield f"{name}: there are names in {', '.join(columns)}, where places in the order belong"
