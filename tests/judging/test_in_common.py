"""Two entries of a leaderboard that clash are both told of, whatever days they tell."""

from dataclasses import replace

import pytest
from handed_in import submission_of
from records import entry

from privbench.judging.attack_track import ListedRun
from privbench.judging.in_common import in_common


def listed(rng, place, name, method="Ribs", *, day="2026-03-01", draws=None, about=(), **changes):
    made = entry(name, 0.7, 0.7, rng=rng)
    run = made.record.model_copy(update={"key": place, "created": place, **changes})
    privacy = made.privacy if draws is None else replace(made.privacy, resampled=made.privacy.resampled[:draws])
    return ListedRun(place, submission_of(method, day, **dict(about)), replace(made, record=run, privacy=privacy))


@pytest.mark.parametrize("day", ["2026-03-09", "2026-02-01"])
def test_what_two_entries_may_not_have_in_common(rng, day):
    """Handed in later or backdated, it is told of both."""
    first = listed(rng, "ribs/a", "ribs")
    protocol, terms = first.record.protocol, {"protocol": {"seed": 12}}
    clashes = {
        "are the same run": listed(rng, "ribs/b", "ribs", day=day, key="ribs/a", created="ribs/a"),
        "have one name, and different anonymizers": listed(rng, "ribs/c", "smear", day=day),
        "spell one name in two ways": listed(rng, "ribs/d", "ribs", "RIBS", day=day),
        "are of one method, and tell other authors": listed(rng, "ribs/e", "ribs", day=day, about={"authors": ["M."]}),
        "are of one method, and tell other authors or another contact": listed(
            rng, "ribs/f", "ribs", day=day, about={"contact": "thief@example.org"}
        ),
        "are one method under two names": listed(rng, "mine/g", "ribs", "Mine", day=day),
        "have the same key, and other methods": listed(rng, "smear/h", "smear", "Smear", day=day, key="ribs/a"),
        "claim one fingerprint, and other terms (protocol.": listed(rng, "a/i", "a", "A", day=day, terms=terms),
        "claim one fingerprint, and other terms (public: ": listed(
            rng, "a/j", "a", "A", day=day, public=not first.record.public
        ),
        "share a fingerprint, and not the name of the protocol": listed(
            rng, "a/k", "a", "A", day=day, protocol=protocol | {"name": "mine"}
        ),
        "share a fingerprint, and not the draws or patients": listed(rng, "a/l", "a", "A", day=day, draws=400),
    }  # fmt: skip
    for what, other in clashes.items():
        told = dict(in_common([other, first]))
        assert set(told) == {first.place, other.place}, what
        for place, beside in ((first.place, other.place), (other.place, first.place)):
            assert told[place].startswith(f"it and {beside} {what}")


def test_another_version_or_attempt_of_a_method_is_welcome(rng):
    first = listed(rng, "ribs/a", "ribs")
    version = first.record.anonymizer.model_copy(update={"version": "2", "params": {"a": 1}})
    others = [listed(rng, "ribs/e", "ribs", anonymizer=version), listed(rng, "ribs/f", "ribs", key="ribs/a")]
    assert list(in_common([first, *others])) == []
