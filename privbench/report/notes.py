"""What has to be said beside figures: of what runs they are, what is not proven, how they were made, what warns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..judging.ranking import Board
from ..judging.terms import differences_of
from ..record.run import RunRecord
from ..record.values import Counts, Interval
from .table import Sheet

Named = tuple[str, RunRecord]
"""A run, and by what name it stands beside others."""


def heading(board: Board) -> str:
    """What the runs of one table have in common."""
    first, runs = board.records[0], board.records
    data = first.protocol["data"]
    where = f"{data['dataset']} {data['size']} px, protocol {first.protocol['name']}"
    if first.unpaired is not None:
        judged = "unpaired releases, not attacked for linkage"
    elif board.unjudged is not None:
        judged = f"PRIVACY NOT JUDGED, {first.counts.images} test images"
    else:
        attacks = ", ".join(dict.fromkeys(attack.label for run in runs for attack in run.attacks))
        judged = f"attacks {attacks}, {first.counts.pairs} test pairs of {patients_text(first.counts)}"
    return f"{where}, {judged}, fingerprint {board.fingerprint[:12]}"


def patients_text(counts: Counts) -> str:
    """How many patients, and as many as of how many equal ones they tell."""
    effective = f" (effectively {counts.effective_patients:.0f})" if counts.effective_patients else ""
    return f"{counts.patients} patients{effective}"


def names_of(board: Board) -> list[str]:
    """The runs' labels; those of one label are told apart by their folders' names."""
    entries = [standing.entry for standing in board.standings]
    labels = Counter(entry.record.label for entry in entries)
    return [
        entry.record.label
        if labels[entry.record.label] == 1
        else f"{entry.record.label} ({entry.folder.resolve().name})"
        for entry in entries
    ]


def named_runs(board: Board) -> list[Named]:
    """The runs of a board, in its order."""
    return list(zip(names_of(board), board.records, strict=True))


def doubts_about(board: Board) -> list[str]:
    """What has to be said before any figure of the table."""
    return [run.doubt for run in board.records if run.doubt]


def apart(boards: Sequence[Board]) -> list[str]:
    """Why tables stand apart: what differs between the first one and each of the others."""
    if len(boards) < 2:
        return []
    first = boards[0].records[0]
    told = []
    for board in boards[1:]:
        other = board.records[0]
        fields = differences_of(first, other)
        shown = "; ".join(fields[:5]) + (f" and {len(fields) - 5} more" if len(fields) > 5 else "")
        told.append(
            f"Fingerprint {other.fingerprint[:12]} shares no table with {first.fingerprint[:12]}: "
            f"{shown or 'made by other versions of privbench'}."
        )
    return told


def apart_sheets(boards: Sequence[Board]) -> list[Sheet]:
    """A sheet without tables that tells why the others stand apart; none where there is one board."""
    why = apart(boards)
    return [Sheet("Tables that stand apart", [], why)] if why else []


def intervals_text(intervals: Sequence[Interval]) -> str:
    """What kind of intervals they are; of several kinds, all of them."""
    methods = "; or ".join(dict.fromkeys(interval.method for interval in intervals))
    return f"{intervals[0].confidence:.0%} intervals, {methods}, {intervals[0].resamples} resamples."


def conditions(runs: Sequence[RunRecord]) -> str:
    """How the worst case was chosen, and how intervals and ranks were made."""
    brackets = f"Brackets: {intervals_text([run.interval for run in runs])}"
    ranks = " Ranks: from the best to the worst that the paired differences of all {}runs allow at once."
    if (unpaired := runs[0].unpaired) is not None:
        return f"{brackets} Of copies: {unpaired.copies.interval.method}."
    if unjudged := runs[0].unjudged:
        told = f"Privacy was not judged: {unjudged}. {brackets}" + (ranks.format("") if len(runs) > 1 else "")
        return f"{told} Where several images are of one patient, these look surer than they are."
    note = f"Worst case: the attack that did best on validation pairs, on test pairs. {brackets}"
    return note + (ranks.format("certified ") if len(runs) > 1 else "")


def warnings_of(runs: Sequence[Named]) -> list[str]:
    """Every warning of these runs once, with the names of those that it is true of."""
    warned: dict[str, list[str]] = {}
    for name, run in runs:
        for warning in run.warnings:
            warned.setdefault(warning, []).append(name)
    everyone = len(runs) if len(runs) > 1 else 0  # what is true of all of a table's runs is said once
    return [f"{'all' if len(who) == everyone else ', '.join(who)}: {warning}." for warning, who in warned.items()]
