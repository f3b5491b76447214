"""The attack track: what became of a method on the same data whenever it was attacked.

A stronger attack is part of the protocol, so what it finds stands under another fingerprint, in another table. A track
holds all entries of one method with the same parameters on the same data, whatever they were attacked with, each with
its date: so an entry can tell when it was last attacked, with what, and what the worst of all attacks found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..record.run import RunRecord
from ..record.submission import SubmissionRecord
from .ranking import Entry, best_match

TrackKey = tuple[str, ...]
"""What was attacked: the method with its version and parameters, and the data."""


@dataclass(frozen=True)
class ListedRun:
    """An entry of a leaderboard: by what path, with what is told of its method, and its run as it enters a table.

    `unverified` tells why it could not be verified, in a clause; then it enters none. It is None of all others.
    """

    place: str
    submission: SubmissionRecord
    entry: Entry
    unverified: str | None = None

    @property
    def record(self) -> RunRecord:
        return self.entry.record

    @property
    def folder(self) -> Path:
        return self.entry.folder

    @property
    def attacked(self) -> str:
        """The day on which it was attacked."""
        return self.record.created[:10]

    @property
    def attacks(self) -> list[str]:
        """With what."""
        return [attack.label for attack in self.record.attacks]

    @property
    def worst_auc(self) -> float:
        """The verification AUC of the worst case."""
        return self.record.judged.verification_auc

    @property
    def track_key(self) -> TrackKey:
        """What it shares with entries of the same track."""
        method, data = self.record.anonymizer, self.record.protocol["data"]
        params = json.dumps(method.params, sort_keys=True)
        setting = (self.record.data_digest, str(data["size"]), str(data.get("fit")))
        return (self.submission.method.slug, method.name, method.version, params, *setting)


@dataclass(frozen=True)
class Track:
    """All entries of one key, in the order in which they were attacked."""

    listed: tuple[ListedRun, ...]

    @property
    def latest(self) -> ListedRun:
        """The one that was attacked last."""
        return self.listed[-1]

    @property
    def worst(self) -> ListedRun:
        """The one of which an attack reached the highest verification AUC; of several the latest."""
        return max(self.listed, key=lambda one: (one.worst_auc, one.attacked, one.place))

    def standing(self) -> dict[str, ListedRun]:
        """The entry that stands in the table of each fingerprint, by it: the one that proves least, or found most.

        So nobody makes a method look more private by attacking it again, with more luck or with less proof.
        """
        by_table: dict[str, list[ListedRun]] = {}
        for one in self.listed:
            by_table.setdefault(one.record.fingerprint, []).append(one)
        return {fingerprint: max(own, key=_found) for fingerprint, own in by_table.items()}


def _found(one: ListedRun) -> tuple[bool, float, float, float, str, str]:
    """What orders the attempts of one table: what is not proven last, then by what was found, then by day."""
    record, match = one.record, best_match(one.record)
    found = match.match.rate if match is not None and match.match is not None else 0.0
    copies = 0.0 if record.copies is None else record.copies.others.share
    return not record.certified, one.worst_auc, found, copies, one.attacked, one.place


def tracks_of(listed: Sequence[ListedRun]) -> dict[TrackKey, Track]:
    """The tracks of a leaderboard by their keys."""
    found: dict[TrackKey, list[ListedRun]] = {}
    for one in sorted(listed, key=lambda one: (one.record.created, one.place)):
        found.setdefault(one.track_key, []).append(one)
    return {key: Track(tuple(own)) for key, own in found.items()}
