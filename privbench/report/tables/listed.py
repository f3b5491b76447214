"""Entries of a leaderboard that others hand in to: in the table of their fingerprint, and by the dates of attacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...judging.attack_track import ListedRun, Track, TrackKey
from ...judging.ranking import Board, Standing
from ..figures import NOTHING, interval_text, number_text
from ..table import Cell, Column, Rows, Table, Value, estimate, text
from .leaderboard import BEATEN_BY, WORST_CASE, leaderboard, parts_of

_ATTACKED = Column(
    "last attacked", number=False, note="the last time that this method was, on these data, and with what"
)
_WORST = Column(
    "worst known ↓",
    note="the highest verification AUC that any attack reached on it on these data, in this table or another one",
)


def listed_board(
    board: Board, listed: Sequence[ListedRun], tracks: Mapping[TrackKey, Track], pages: Mapping[str, str]
) -> Table:
    """The table of a fingerprint, with methods by the names that their makers gave them, and when they were attacked.

    Args:
        board: of the runs.
        listed: the entries that they are of.
        tracks: of all entries, by what was attacked.
        pages: where the page of a method is, by its slug.
    """
    # Not with areas, whose machines' columns call methods by the names of anonymizers.
    table, of_folder = leaderboard(board, with_areas=False), {one.folder: one for one in listed}

    def row(cells: Sequence[Cell], run: Standing) -> list[Cell]:
        one = of_folder[run.entry.folder]
        track, method = tracks[one.track_key], one.submission.method
        about: dict[str, Value] = {"method": method.name, "entry": one.place, "attacked": one.attacked}
        first = Cell(method.name, dict(cells[0].figures) | about, below=one.record.label, link=pages[method.slug])
        if run.dominated_by is not None:
            beaten = _beaten_by(of_folder[run.dominated_by.folder])
            cells = [beaten if title == BEATEN_BY else cell for title, cell in zip(titles, cells, strict=True)]
        return [first, *cells[1:after], _worst(one, track), _last_attacked(track), *cells[after:]]

    titles = [column.title for column in table.columns]
    after = 1 + titles.index(WORST_CASE)
    columns = [replace(table.columns[0], title="method"), *table.columns[1:after], _WORST, _ATTACKED]
    columns += table.columns[after:]
    # By place, because a stranger's text may be another's, too.
    groups = [
        Rows(
            [row(cells, run) for cells, (_, run) in zip(group.rows, named, strict=True)],
            group.title,
        )
        for group, (_, named) in zip(table.groups, parts_of(board), strict=True)
    ]
    whole = replace(table, caption="Methods, the most private first", columns=columns, groups=groups)
    # What no row of the table says anything of is for machines alone, so that the rest is seen at once.
    told = {place for place, _ in whole.told(groups)}
    return replace(
        whole,
        columns=[one if place in told else replace(one, place="machines") for place, one in enumerate(columns)],
    )


def _beaten_by(better: ListedRun) -> Cell:
    return Cell(f"{better.submission.method.name}, {better.record.label}", {"dominated_by": better.place})


def _last_attacked(track: Track) -> Cell:
    latest = track.latest
    attacks = ", ".join(latest.attacks)
    return Cell(
        latest.attacked, {"last_attacked": latest.attacked, "last_attacked_with": attacks}, below=f"by {attacks}"
    )


def _worst(one: ListedRun, track: Track) -> Cell:
    """What another attempt found, in this table or another one, where it found more than this."""
    worst = track.worst
    elsewhere = worst.worst_auc > one.worst_auc
    where = f"by {worst.record.judged.label}, {worst.attacked}, in {worst.record.fingerprint[:12]}"
    return Cell(
        number_text(worst.worst_auc),
        {"worst_known_auc": worst.worst_auc, "worst_known_entry": worst.place},
        below=where if elsewhere else "here",
        sort=worst.worst_auc,
        doubtful=elsewhere,
    )


def _found(one: ListedRun) -> str:
    return number_text(one.worst_auc) + ("" if one.record.certified else f" ({one.record.judged.verdict})")


def history(
    caption: str,
    listed: Sequence[ListedRun],
    tracks: Mapping[TrackKey, Track],
    pages: Mapping[str, str],
    tables: Mapping[str, str],
) -> Table:
    """A row an entry, what was attacked last first.

    Args:
        caption: of the table.
        listed: the entries.
        tracks: of all entries that were verified, by what was attacked.
        pages: where the page of a method is, by its slug.
        tables: where the table of a fingerprint is, by it.
    """
    columns = [
        Column("attacked", number=False),
        Column("handed in", number=False),
        Column("method", number=False),
        Column("table", number=False, note="data, protocol and fingerprint"),
        Column("with", number=False),
        Column("worst-case AUC ↓"),
        Column("verdict", number=False),
        Column("utility ↑", note="mean AUC of findings of the first task that reads them, in its first mode"),
        Column("stands in its table", number=False, note="what proves least does, or what an attack found most of"),
    ]

    def row(one: ListedRun) -> list[Cell]:
        record, method = one.record, one.submission.method
        data, worst = record.protocol["data"], record.judged
        stands = one if one.unverified else tracks[one.track_key].standing()[record.fingerprint]
        return [
            Cell(one.attacked),
            text(one.submission.submitted),
            Cell(method.name, below=record.label, link=pages[method.slug]),
            Cell(
                f"{data['dataset']}, {data['size']} px, {record.protocol['name']}",
                below=record.fingerprint[:12],
                link=tables.get(record.fingerprint, ""),
            ),
            text(", ".join(one.attacks)),
            Cell(interval_text(worst.verification_auc, worst.interval), below=worst.label, sort=worst.verification_auc),
            Cell(worst.verdict, below=one.unverified or "", doubtful=bool(one.unverified) or not record.certified),
            Cell(NOTHING) if (useful := record.utility) is None else estimate(useful.mean_auc, useful.interval),
            text(
                "no" if one.unverified else "yes" if stands is one else f"no: {stands.attacked} found {_found(stands)}"
            ),
        ]

    newest = sorted(listed, key=lambda one: (one.record.created, one.submission.submitted, one.place), reverse=True)
    return Table(caption, columns, [Rows([row(one) for one in newest])], sortable=True, kind="history")
