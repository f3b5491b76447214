"""What a reader of a run's figures has to know of its data; data sets and the harness tell it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..base.files import read_text, write_text
from ..base.progress import log

FILE = "notices.json"
NAMES = "names"
"""The field of a log record whose text a terminal may show, and no file that leaves the house."""
SHOWN = 20
"""Names that are kept at the most."""


@dataclass(frozen=True)
class Notice:
    """A warning of the data.

    `text` names no image, patient or folder, because records may leave the house. `names` holds those concerned, the
    first 20, which the terminal alone may show.
    """

    text: str
    names: tuple[str, ...] = ()


def log_notice(notice: Notice, goals: Sequence[str] = ()) -> None:
    """Shows a notice, with its names, to whoever runs the command; the logs of the runs of these titles tell it."""
    log.warning(notice.text, extra={NAMES: ", ".join(notice.names), "goals": goals})


def write_notices(notices: Sequence[Notice], folder: Path) -> None:
    """Writes the notices into a stage's folder."""
    write_text(folder / FILE, json.dumps([asdict(notice) for notice in notices], indent=1))


def read_notices(folder: Path) -> list[Notice]:
    """The notices of a stage's folder. Raises PrivbenchError where it has no such file."""
    told = json.loads(read_text(folder / FILE, "run again with another --store"))
    return [Notice(one["text"], tuple(one["names"])) for one in told]
