"""A track tells when a method was last attacked on its data, with what, and what the worst attack found."""

from dataclasses import replace

from handed_in import submission_of
from records import entry

from privbench.judging.attack_track import ListedRun, tracks_of


def listed(rng, name, verification, created, *, fingerprint="a" * 64, params=None, verdict="certified", **changes):
    made = entry(name, verification, 0.7, rng=rng, fingerprint=fingerprint, params=params, verdict=verdict)
    run = made.record.model_copy(update={"created": f"{created}T00:00:00+00:00", "key": created, **changes})
    place = f"{name}/{created}"
    made = type(made)(run, made.privacy, made.utility, made.folder / created)
    return ListedRun(place, submission_of(name), made)


def test_a_stronger_attack_stands_in_another_table_and_in_the_same_track(rng):
    first = listed(rng, "ribs", 0.6, "2026-01-01")
    stronger = listed(rng, "ribs", 0.9, "2026-05-01", fingerprint="b" * 64)
    weaker = listed(rng, "ribs", 0.7, "2026-07-01", fingerprint="c" * 64)
    (track,) = tracks_of([weaker, first, stronger]).values()
    assert (track.listed, track.latest, track.worst) == ((first, stronger, weaker), weaker, stronger)
    assert track.standing() == {"a" * 64: first, "b" * 64: stronger, "c" * 64: weaker}
    assert (track.latest.attacked, track.latest.attacks) == (
        "2026-07-01", ["siamese (paper)", "contrastive (informed)"],
    )  # fmt: skip


def test_nobody_becomes_more_private_by_another_attempt(rng):
    """Neither by more luck, nor by less proof: what found more, or proves less, stands."""
    first = listed(rng, "ribs", 0.55, "2026-01-01")
    luckier = listed(rng, "ribs", 0.53, "2026-02-01")
    alike = listed(rng, "ribs", 0.55, "2025-12-01")
    attacks = [
        one.model_copy(update={"match": one.match.model_copy(update={"rate": 0.9})}) if one.match else one
        for one in alike.record.attacks
    ]
    matched = replace(alike, entry=replace(alike.entry, record=alike.record.model_copy(update={"attacks": attacks})))
    unproven = listed(rng, "ribs", 0.53, "2025-11-01", verdict="open")
    for tried, stands in (
        ([first, luckier], first), ([first, matched], matched), ([first, luckier, matched, unproven], unproven),
    ):  # fmt: skip
        (track,) = tracks_of(tried).values()
        assert track.standing() == {"a" * 64: stands}
        assert track.worst is first
    assert track.latest is luckier


def test_of_equals_the_later_one_stands(rng):
    pair = [listed(rng, "ribs", 0.7, day) for day in ("2026-02-01", "2026-01-01")]
    (track,) = tracks_of(pair).values()
    assert track.standing() == {"a" * 64: pair[0]}


def test_others_have_tracks_of_their_own(rng):
    one = listed(rng, "ribs", 0.7, "2026-01-01", params={"b": 1})
    method = one.record.anonymizer.model_copy(update={"version": "2"})
    others = [
        listed(rng, "ribs", 0.7, "2026-01-02", params={"b": 2}),
        listed(rng, "blur", 0.7, "2026-01-03", params={"b": 1}),
        listed(rng, "ribs", 0.7, "2026-01-04", params={"b": 1}, data_digest="another"),
        listed(rng, "ribs", 0.7, "2026-01-05", params={"b": 1}, anonymizer=method),
    ]
    assert [track.listed for track in tracks_of([one, *others]).values()] == [(one,), *((other,) for other in others)]
