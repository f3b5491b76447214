"""The page of a method: what its makers tell, its figures in every table, its history, files, and how to cite it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ...judging.attack_track import ListedRun, Track, TrackKey
from ...record.submission import FILE, MethodRecord
from ..plain_words import in_plain_words
from ..table import Table
from ..tables.attacks import attacks
from ..tables.listed import history
from .citing import bibtex_of, cff_of


@dataclass(frozen=True)
class EntryPart:
    """An entry on the page of its method. `files` are where its files lie, by their names, from the page."""

    slug: str
    listed: ListedRun
    words: Sequence[str]
    attacks: Table
    files: Mapping[str, str]


@dataclass(frozen=True)
class MethodPage:
    """All that the page of a method shows. `method` is what was told of it last; `citations` are files by name."""

    slug: str
    method: MethodRecord
    history: Table
    entries: Sequence[EntryPart]
    last: ListedRun
    bibtex: str
    cff: str

    @property
    def citations(self) -> dict[str, str]:
        """The files for programs that manage references."""
        return {f"{self.slug}.bib": self.bibtex, f"{self.slug}.cff": self.cff}


def method_page(
    listed: Sequence[ListedRun], tracks: Mapping[TrackKey, Track], tables: Mapping[str, str], folder: Path
) -> MethodPage:
    """The page of a method.

    Args:
        listed: its entries, in the order in which they were handed in.
        tracks: of all entries, by what was attacked.
        tables: where the table of a fingerprint is, from the page, by it.
        folder: in which the page is to lie.
    """
    newest = listed[-1]
    method, day = newest.submission.method, newest.submission.submitted
    fingerprints = list(dict.fromkeys(one.record.fingerprint for one in listed))
    pages = {method.slug: ""}
    by_attack = sorted(listed, key=lambda one: (one.record.created, one.place), reverse=True)
    return MethodPage(
        slug=method.slug,
        method=method,
        history=history("When it was attacked, and what was found", listed, tracks, pages, tables),
        entries=[_part(one, number, folder) for number, one in enumerate(by_attack, start=1)],
        last=by_attack[0],
        bibtex=bibtex_of(method, day[:4], fingerprints),
        cff=cff_of(method, day, newest.submission.privbench),
    )


def _part(one: ListedRun, number: int, folder: Path) -> EntryPart:
    base = Path(os.path.relpath(one.folder.resolve(), folder)).as_posix()
    names = [FILE, *sorted(one.submission.files)]
    return EntryPart(
        slug=f"entry-{number}",
        listed=one,
        words=in_plain_words(one.record),
        attacks=attacks(one.record),
        files={name: quote(f"{base}/{name}") for name in names},
    )
