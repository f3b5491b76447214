"""What the record of an unpaired release says, and never says."""

import pytest
from pydantic import ValidationError
from records import around, copied_patients, drawn_copies, memory, record, unpaired

from privbench.base.errors import PrivbenchError
from privbench.record.run import RunRecord
from privbench.record.unpaired import NOT_JUDGED


@pytest.mark.parametrize(
    ("figure", "verdict", "alarms"),
    [
        (memory(0.8), "remembered", True),
        (memory(0.8, reach=0.4), "above chance", True),  # the control arm is at chance, and too small to be sure
        (memory(0.8, None), "above chance", True),  # there is none
        (memory(0.8, 0.78), "splits differ", True),  # or it learnt from those held out, too
        (memory(0.48, 0.3), "above control", True),  # half is not where chance leads where the splits differ
        (memory(0.48, 0.46), "not shown", False),
        (memory(None, None).model_copy(update={"judged": False}), "not judged", False),
        (memory(0.52), "not shown", False),
        (memory(0.2), "not shown", False),
        (memory(None, None), "too few", False),
        (memory(0.9).model_copy(update={"interval": None}), "too few", False),
    ],
)
def test_memory_is_told_only_where_it_is_sure_and_never_that_there_is_none(figure, verdict, alarms):
    assert (figure.verdict, figure.alarms) == (verdict, alarms)


def test_copies_are_sure_where_one_is_equal_to_the_bit_or_more_are_alike_than_different_images():
    assert drawn_copies(0.005, 0.005).publishes_originals
    assert drawn_copies(0.1).publishes_originals
    assert not drawn_copies(0.02).publishes_originals, "so many different images may look as alike"
    assert not drawn_copies().publishes_originals
    certain = drawn_copies(0.005).model_copy(update={"certain": 0.005})
    assert certain.publishes_originals, "what is as alike as one image to itself is one"


def test_copies_of_members_are_told_by_the_patient_however_many_images_copy_nobody():
    few = drawn_copies(0.01)
    for p_value, tells in ((0.02, True), (0.03, False)):
        told = few.model_copy(update={"of_patients": copied_patients(9, 0, p_value)})
        assert (told.prefers_members, told.publishes_originals) == (tells, tells)


@pytest.mark.parametrize(
    ("update", "seen"),
    [({"test_certain": 0.01}, True), ({"test": 0.1, "test_low": 0.04}, True), ({"test": 0.1}, False)],
)
def test_who_hands_out_test_originals_saw_them(update, seen):
    assert drawn_copies(0.1).model_copy(update=update).saw_test == seen


def test_it_is_certified_by_nothing_and_says_so_first():
    run = unpaired("generator")
    assert not run.certified
    assert "not attacked for linkage" in run.doubt
    assert "nothing here says that it is private" in run.doubt
    assert any("linkage" in what for what in NOT_JUDGED)


def test_it_has_no_worst_case_and_whoever_asks_for_it_is_told_why():
    with pytest.raises(PrivbenchError, match="Privacy of generator was not judged: no one knows of which original"):
        _ = unpaired("generator").judged
    assert record("a", 0.8, 0.7).judged == record("a", 0.8, 0.7).worst_case


def test_the_headline_s_interval_is_of_whatever_there_is():
    run = unpaired("g", memorization=memory(0.7), membership=memory(0.6))
    assert run.interval == around(0.7)
    assert unpaired("g", memorization=memory(None, None)).interval == around(0.5)
    bare = unpaired("g", memorization=memory(None, None), membership=memory(None, None))
    assert bare.interval == bare.unpaired.copies.interval


@pytest.mark.parametrize(
    ("run", "update", "message"),
    [
        (unpaired("g", useful=None), {"unpaired": None}, "there is nothing else"),
        (unpaired("g"), {"unjudged": None}, "nothing tells why privacy was not judged"),
        (unpaired("g"), {"attacks": record("a", 0.8, 0.7).attacks}, "privacy was not judged, yet there are attacks"),
        (record("a", 0.8, 0.7), {"unpaired": unpaired("g").unpaired}, "need an original beside an image"),
    ],
)
def test_a_release_is_either_attacked_for_linkage_or_unpaired(run, update, message):
    with pytest.raises(ValidationError, match=message):
        RunRecord.model_validate(dict(run) | update)
