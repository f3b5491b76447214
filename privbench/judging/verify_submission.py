"""Does an entry of a leaderboard hold? Its files, its run from the scores up, and that it may stand in one at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..base.files import sha256
from ..record.folder import ANONYMIZER_STATE, files_of
from ..record.run import FILE as RUN
from ..record.run import RunRecord, read_run
from ..record.submission import FILE, SubmissionRecord, read_submission
from ..running.run_folder import MARKER
from .entry_files import names_told, not_score_files, unreadable
from .verify import require_schema, verify_run

MOST_RESAMPLES = 100_000
"""Each of them takes memory and time of whoever verifies an entry."""
_LONGEST = 400  # letters of what pages call a run or a protocol
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def verify_submission(folder: Path) -> Iterator[str]:
    """Everything in an entry of a leaderboard that does not hold, one sentence each.

    Its files are those that it tells, and no others, none of them a link or too large to be read; the run holds as
    `verify_run` says, all of it recomputed from the scores; it may be listed; and no score names anybody.

    Raises:
        OldSchema: the run is of a schema that recorded too little to be verified; what else is wrong was told before.
        PrivbenchError: the folder holds no entry, or one whose run cannot be read or verified.
    """
    if closed := list(unreadable(folder)):
        yield from closed
        return
    submission, record = read_submission(folder), read_run(folder)
    strange = [*_strange(folder, submission, record), *_too_much(record)]
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
    require_schema(folder)
    yield from (broken := list(not_score_files(folder)))
    if not (strange or broken):
        yield from verify_run(folder)
        yield from names_told(folder, record)


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
    """What is no file of an entry."""
    allowed = {FILE, RUN, MARKER, *files_of(record)} - {ANONYMIZER_STATE}
    for name in sorted(_names(folder) - allowed):
        yield f"{name} lies there, and is no file of an entry"
    for name in sorted(submission.files.keys() - allowed):
        yield f"{FILE}: it lists {name}, which is no file of an entry"


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _too_much(record: RunRecord) -> Iterator[str]:
    """What would take more time, memory or room than it may."""
    statistics = record.protocol.get("statistics")
    resamples = statistics.get("resamples") if isinstance(statistics, dict) else None
    if not isinstance(resamples, int) or resamples > MOST_RESAMPLES:
        yield f"{RUN}: protocol.statistics.resamples is {resamples}, and no number up to {MOST_RESAMPLES}"
    for what, text in (("label", record.label), ("protocol's name", str(record.protocol["name"]))):
        if len(text) > _LONGEST:
            yield f"{RUN}: its {what} is longer than {_LONGEST} letters, for which no page has room"


def _manifest(folder: Path, submission: SubmissionRecord) -> Iterator[str]:
    if submission.own_digest() != submission.digest:
        yield f"{FILE} was changed: its digest is not that of what it tells"
    for name, digest in submission.files.items():
        file = folder / name
        if not file.is_file():
            yield f"{name} is missing, which {FILE} lists"
        elif sha256(file) != digest:
            yield f"{name} was changed: its digest is not the one in {FILE}"
    for name in sorted(_names(folder) - submission.files.keys() - {FILE}):
        yield f"{name} lies there, and {FILE} does not list it"
