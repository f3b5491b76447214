"""What two entries of a leaderboard may not have in common, or do not and should."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .attack_track import ListedRun
from .terms import differences_of

_Clash = tuple[ListedRun, ListedRun, str]
"""Two entries, and what is wrong with them together, in words that follow on `it and the other`."""


def in_common(listed: Sequence[ListedRun]) -> Iterator[tuple[str, str]]:
    """The path of an entry, and a clause of what is wrong with it beside another one; both are told of.

    Which of them is to blame nobody can say: the day on which an entry was handed in is its own word.

    A run stands in a leaderboard once; a key is that of one method in a table, because rankings take runs of one key
    for copies; a method has one anonymizer, name, spelling, contact and list of authors; and those of one fingerprint
    have the same terms and protocol's name, and rest on the same draws of the same patients.
    """
    ordered = sorted(listed, key=lambda one: (one.submission.submitted, one.place))
    for first, one, what in (*_methods(ordered), *_tables([one for one in ordered if one.unverified is None])):
        yield first.place, f"it and {one.place} {what}"
        yield one.place, f"it and {first.place} {what}"


def _methods(ordered: Sequence[ListedRun]) -> Iterator[_Clash]:
    runs: dict[tuple[str, str], ListedRun] = {}
    methods: dict[str, ListedRun] = {}
    names: dict[tuple[str, str, str], ListedRun] = {}
    for one in ordered:
        record, told, method = one.record, one.submission.method, one.record.anonymizer
        first = runs.setdefault((record.key, record.created), one)
        if first is not one:
            yield first, one, "are the same run"
        first = methods.setdefault(told.slug, one)
        if first.record.anonymizer.name != method.name:
            whose = _either(first.record.anonymizer.name, method.name)
            yield first, one, f"have one name, and different anonymizers{whose}: give another method another name"
        before = first.submission.method
        if before.name != told.name:
            yield first, one, f"spell one name in two ways{_either(before.name, told.name)}: choose one of them"
        if (before.authors, before.contact) != (told.authors, told.contact):
            yield first, one, "are of one method, and tell other authors or another contact: tell those of the first"
        first = names.setdefault((method.name, method.version, method.code), one)
        if first.submission.method.slug != told.slug:
            called = _either(first.submission.method.name, told.name)
            yield first, one, f"are one method under two names{called}: hand it in under the first"


def _tables(ordered: Sequence[ListedRun]) -> Iterator[_Clash]:
    tables: dict[str, ListedRun] = {}
    keys: dict[tuple[str, str], ListedRun] = {}
    for one in ordered:
        record = one.record
        first = keys.setdefault((record.fingerprint, record.key), one)
        if first.track_key != one.track_key:
            yield first, one, "have the same key, and other methods or parameters"
        first = tables.setdefault(record.fingerprint, one)
        other = first.record
        differ = differences_of(other, record)
        if other.public != record.public:
            differ.append(f"public: {other.public} / {record.public}")
        if differ:
            yield first, one, f"claim one fingerprint, and other terms ({'; '.join(differ[:3])})"
        if (names := (other.protocol["name"], record.protocol["name"]))[0] != names[1]:
            yield first, one, f"share a fingerprint, and not the name of the protocol{_either(*names)}"
        if not _paired(first, one):
            yield first, one, "share a fingerprint, and not the draws or patients of their figures"


def _paired(first: ListedRun, one: ListedRun) -> bool:
    """Whether all headline figures of two entries rest on the same draws of the same patients."""
    figures = [
        figure for entry in (first.entry, one.entry) for figure in (entry.privacy, entry.utility) if figure is not None
    ]
    return all(figure.is_paired_with(figures[0]) for figure in figures[1:])


def _either(one: Any, other: Any) -> str:
    return f" ({one} / {other})"
