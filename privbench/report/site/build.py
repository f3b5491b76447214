"""Builds the pages of a leaderboard: one of all protocols, one a method, and files for machines and for papers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ... import __version__
from ...judging.attack_track import ListedRun, Track, TrackKey, tracks_of
from ...judging.ranking import Board, make_boards
from ...judging.terms import changed_of_builtin
from ...record.submission import SITE_MARKER
from ..machine import as_csv, as_frame, as_json
from ..marked import marked_folder
from ..notes import conditions
from ..page.build import PAGE
from ..page.frame import HERE as PAGES
from ..page.frame import TEMPLATES, frame, templates_of
from ..page.plotter import Plot, Plotter
from ..plots.style import Series
from ..table import Table
from ..tables.listed import history, listed_board
from .citing import board_bibtex
from .methods import MethodPage, method_page

HERE = Path(__file__).parent
METHODS = "methods"
DOWNLOADS = {"CSV": "leaderboard.csv", "JSON": "leaderboard.json"}


@dataclass(frozen=True)
class SiteSection:
    """What the front page shows of one fingerprint; without a plot where no utility is known.

    `changes` are the fields in which its protocol is not the one that comes with privbench under that name; None where
    none does.
    """

    slug: str
    title: str
    about: str
    fingerprint: str
    changes: Sequence[str] | None
    curves: Plot | None
    table: Table
    conditions: str


def build_site(listed: Sequence[ListedRun], out: Path) -> list[SiteSection]:
    """Writes the pages into a folder, which appears when it is finished, and not before; returns what they show.

    The same entries give the same bytes. Entries are linked where they lie, by paths from the pages.

    Args:
        listed: all entries, which hold; those that could not be verified stand in the history alone.
        out: the folder.

    Raises:
        PrivbenchError: entries of one table rest on different patients, or something is in the way.
    """
    tracks = tracks_of([one for one in listed if one.unverified is None])
    standing = [one for track in tracks.values() for one in track.standing().values()]
    boards = sorted(make_boards([one.entry for one in standing]), key=_order)
    slugs = _slugs([board.fingerprint for board in boards])
    style = "".join((place / name).read_text(encoding="utf-8") for place, name in
                    ((PAGES, "page.css"), (HERE, "site.css")))  # fmt: skip
    script = "".join((place / name).read_text(encoding="utf-8") for place, name in
                     ((PAGES, "page.js"), (HERE, "site.js")))  # fmt: skip
    templates = templates_of(HERE / "templates", TEMPLATES)
    with marked_folder(out, SITE_MARKER, "leaderboard's site") as folder:
        plotter = Plotter(folder)
        pages = {one.submission.method.slug: f"{METHODS}/{one.submission.method.slug}.html" for one in listed}
        sections = [_section(board, slugs[board.fingerprint], standing, tracks, pages, plotter) for board in boards]
        frames = frame(style, script)
        front = templates.get_template("front.html.j2").render(
            sections=sections,
            entries=len(listed),
            methods=len(pages),
            history=history("Every entry, what was attacked last first", listed, tracks, pages,
                            {one: f"#{slug}" for one, slug in slugs.items()}),
            downloads=DOWNLOADS if sections else {},
            bibtex=board_bibtex(max(one.submission.submitted for one in listed)[:4], __version__) if listed else "",
            **frames,
        )  # fmt: skip
        (folder / PAGE).write_bytes(front.encode("utf-8", "replace"))
        if sections:
            figures = as_frame([section.table for section in sections])
            (folder / DOWNLOADS["CSV"]).write_text(as_csv(figures), encoding="utf-8")
            (folder / DOWNLOADS["JSON"]).write_text(as_json(figures), encoding="utf-8")
        if listed:
            (folder / METHODS).mkdir()
        template = templates.get_template("method.html.j2")
        for page in _methods(listed, tracks, slugs, out.resolve() / METHODS):
            whole = template.render(page=page, home=f"../{PAGE}", **frames)
            (folder / METHODS / f"{page.slug}.html").write_bytes(whole.encode("utf-8", "replace"))
            for name, text in page.citations.items():
                (folder / METHODS / name).write_text(text, encoding="utf-8")
    return sections


def _order(board: Board) -> tuple[bool, int, str, str]:
    """Protocols that come with privbench first, and those of most entries among them."""
    return _changes(board) != [], -len(board.standings), _title(board), board.fingerprint


def _changes(board: Board) -> list[str] | None:
    """Every field in which the protocol of any of its runs is not the one that comes with privbench under that name."""
    protocols = {json.dumps(run.protocol, sort_keys=True): run for run in board.records}
    told = [changed_of_builtin(run) for run in protocols.values()]
    changes = [one for one in told if one is not None]
    return None if len(changes) < len(told) else list(dict.fromkeys(change for one in changes for change in one))


def _title(board: Board) -> str:
    first = board.records[0]
    data = first.protocol["data"]
    return f"{data['dataset']}, {data['size']} px, protocol {first.protocol['name']}"


def _slugs(fingerprints: Sequence[str]) -> dict[str, str]:
    """What the ids of a table begin with, by its fingerprint: its first digits, where no other begins with them."""
    short = [one[:12] for one in fingerprints]
    return {one: f"table-{one[:12] if short.count(one[:12]) == 1 else one}" for one in fingerprints}


def _section(
    board: Board,
    slug: str,
    standing: Sequence[ListedRun],
    tracks: Mapping[TrackKey, Track],
    pages: Mapping[str, str],
    plotter: Plotter,
) -> SiteSection:
    first, of_folder = board.records[0], {one.folder: one for one in standing}
    counts, own = first.counts, [of_folder[one.entry.folder] for one in board.standings]
    names = [one.submission.method.name for one in own]
    series = [
        Series(name, number, run.certified) for number, (name, run) in enumerate(zip(names, board.records, strict=True))
    ]
    entries = "entry" if len(own) == 1 else "entries"
    return SiteSection(
        slug=slug,
        title=_title(board),
        about=f"{len(own)} {entries}, {counts.pairs} test pairs of {counts.patients} patients",
        fingerprint=board.fingerprint,
        changes=_changes(board),
        curves=plotter.tradeoff(series, board.standings, slug, names)
        if all(run.utilities for run in board.records)
        else None,
        table=listed_board(board, own, tracks, pages),
        conditions=conditions(board.records),
    )


def _methods(
    listed: Sequence[ListedRun], tracks: Mapping[TrackKey, Track], slugs: Mapping[str, str], folder: Path
) -> list[MethodPage]:
    by_slug: dict[str, list[ListedRun]] = {}
    for one in sorted(listed, key=lambda one: (one.submission.submitted, one.place)):
        by_slug.setdefault(one.submission.method.slug, []).append(one)
    tables = {one: f"../{PAGE}#{slug}" for one, slug in slugs.items()}
    return [method_page(own, tracks, tables, folder) for _, own in sorted(by_slug.items())]
