"""Whom weights saw: told by digests that whoever has the data can compare."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.base.errors import PrivbenchError
from privbench.data.ledger import Cohort, Ledger, LedgerBeside, Roster, TrainedOn, merged, overlap, parse_ledger

OURS = {"train": ["A-1", "A-2", "A-3"], "val": ["A-4"], "test": ["A-5", "A-6"]}
NUMBERS = {"train": ["00001", "00002"], "val": ["00003"], "test": ["00004", "00005"]}
EVERYBODY = [one for names in OURS.values() for one in names]
NAMES = st.sets(st.integers(0, 30), min_size=1)


def hmac_sha256(key, message):
    """RFC 2104, by hand."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).hexdigest()


def ledger(published, patients, roster=NUMBERS, **told):
    return Ledger(trained_on=(Roster.of(published, roster).cohort.trained_on(patients),), **told)


def test_a_digest_is_the_cut_keyed_hash():
    for cohort in (Cohort.of("nih", []), Cohort.of(None, EVERYBODY)):
        assert cohort.digests(["A-1"]) == {hmac_sha256(cohort.key, b"patient a-1")[:16]}


def test_patients_of_a_published_collection_are_known_in_any_part_of_it():
    part = Cohort.of("nih", ["00001"])
    assert part == Cohort.of("nih", ["00001", "00002"])
    assert part.digests(["00001"]) == part.digests(["1"]), "however many zeros a part of it writes"
    assert part.digests(["00001"]).isdisjoint(Cohort.of("others", ["00001"]).digests(["00001"]))


def test_ones_own_patients_are_known_to_the_whole_list_alone():
    whole = Cohort.of(None, EVERYBODY)
    assert whole == Cohort.of(None, [*reversed(EVERYBODY), " A-1"])
    for other in (EVERYBODY[:-1], [*EVERYBODY, "A-7"]):
        lacking = Cohort.of(None, other)
        assert lacking.name != whole.name
        assert lacking.digests(["A-1"]).isdisjoint(whole.digests(["A-1"]))


def test_nothing_in_a_ledger_reads_as_a_patient():
    told = ledger(None, {"train": OURS["train"]}, OURS).model_dump_json()
    assert not [name for name in EVERYBODY if name.lower() in told.lower()]


@given(seen=NAMES, tested=NAMES)
def test_the_overlap_is_that_of_the_sets(seen, tested):
    known = ledger("nih", {"train": [f"{one:05}" for one in seen]})
    found = overlap(known, Roster.of("nih", {"test": [f"{one:03}" for one in tested]}))
    assert (found.seen, found.unknown) == ({"test": len(seen & tested)}, None)


def test_every_part_that_they_played_counts():
    known = ledger("nih", {"train": ["1", "4"], "val": ["3", "5"]})
    assert overlap(known, Roster.of("nih", NUMBERS)).seen == {"train": 1, "val": 1, "test": 2}


def test_of_weights_without_a_ledger_nothing_is_known():
    found = overlap(None, Roster.of("nih", NUMBERS))
    assert found.seen == {"train": 0, "val": 0, "test": 0}
    assert found.unknown == "nobody says what they were trained on"


@pytest.mark.parametrize(
    ("known", "roster", "reason"),
    [
        (ledger("chexpert", {"train": ["4"]}), Roster.of("chestxray14", NUMBERS), None),
        (Ledger(trained_on=()), Roster.of("nih", NUMBERS), None),
        (ledger(None, {"train": ["4"]}), Roster.of("nih", NUMBERS), "nobody can say whether private [0-9a-f]{16}, "),
        (ledger("nih", {"train": ["4"]}), Roster.of(None, NUMBERS), "nobody can say whether nih, .* has patients"),
        (ledger(None, {"train": ["A-1"]}, OURS), Roster.of(None, OURS | {"val": ["A-7"]}), "nobody can say whether"),
        (
            Ledger(trained_on=(TrainedOn(collection="nih", published=True, patients=None),)),
            Roster.of("nih", NUMBERS),
            "nobody says which patients of nih",
        ),
        (ledger("nih", {"train": ["1"]}, whole=False), Roster.of("nih", NUMBERS), "nobody says what the weights"),
    ],
)  # fmt: skip
def test_what_nobody_can_know_is_told(known, roster, reason):
    found = overlap(known, roster)
    assert found.seen["test"] == 0
    assert found.unknown is None if reason is None else re.match(reason, found.unknown)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("chexpert", "mimic-cxr-jpg", True),
        ("padchest", "taix-ray", True),
        ("phantom, version 2, seed 0", "phantom, version 2, seed 1", True),
        ("phantom, version 2, seed 0", "rexgradient", True),
        ("padchest", "bimcv-covid19", False),
        ("covid19-image-data", "brax", False),
        ("rexgradient", "covid19-image-data", False),
        ("rexgradient", "chexpert", False),
    ],
)
def test_two_collections_are_of_other_patients_where_their_places_say_so(one, other, apart):
    for seen, tested in ((one, other), (other, one)):
        found = overlap(ledger(seen, {"train": ["4"]}), Roster.of(tested, NUMBERS))
        assert (found.unknown is None) == apart
        assert found.seen["test"] == 0


def test_what_is_learnt_from_weights_saw_whom_they_saw():
    first, second = ledger("nih", {"train": ["1"]}), ledger("chexpert", {"train": ["9"]})
    own = Roster.of("nih", NUMBERS).cohort.trained_on({"train": ["2"]})
    both = merged([own], [first, second, first])
    assert both.trained_on == (own, *first.trained_on, *second.trained_on), "and nobody twice"
    assert both.whole
    assert not merged([own], [first, None]).whole
    assert not merged([own], [merged([own], [None])]).whole, "however far back nobody tells it"
    assert overlap(both, Roster.of("nih", NUMBERS)).seen == {"train": 2, "val": 0, "test": 0}


def test_a_ledger_is_read_as_it_was_written():
    known = ledger(None, {"train": OURS["train"], "val": OURS["val"]}, OURS, whole=False)
    assert parse_ledger(known.model_dump_json(), "it", Ledger) == known


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"trained_on": 1}', '{"privbench_ledger": 2, "trained_on": []}', "{}"]
)
def test_what_is_no_ledger_is_told(text):
    with pytest.raises(PrivbenchError, match=r"a\.pth\.json is no contamination ledger \(.*: write it with privbench"):
        parse_ledger(text, "a.pth.json", LedgerBeside)
