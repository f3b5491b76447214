"""Figures of unpaired releases, on worlds of points whose truth is known: who copies, and who draws afresh."""

import numpy as np
import pandas as pd
import pytest
from drawn_worlds import SIZES, world

from privbench.evaluate.run import warnings_of
from privbench.evaluate.unpaired import Provenance, evaluate_unpaired
from privbench.protocols.schema import load_protocol
from privbench.record import names
from privbench.record.scores import UTILITY_COLUMNS
from privbench.record.unpaired_scores import LEARNT, UnpairedScores

PROTOCOL = load_protocol("quick", ["statistics.resamples=200"])
NO_READINGS = pd.DataFrame(columns=UTILITY_COLUMNS)
TRAIN = Provenance(("train",), False, 0, True)


def judged(scores, told=TRAIN):
    return evaluate_unpaired(scores, NO_READINGS, PROTOCOL, {}, told)


def test_who_copies_training_images_is_told_by_every_figure():
    found = judged(world(0, copied=1.0, draws=600)).unpaired
    assert (found.copies.share, found.copies.exact, found.copies.training) == (1, 1, 1)
    assert found.memorization.value == 1
    assert found.memorization.verdict == "remembered"
    assert abs(found.memorization.control - 0.5) < 0.15
    assert found.membership.value > 0.95
    assert found.membership.verdict == "remembered"
    assert found.copies.patients_shown <= SIZES["train"]
    told = " ".join(warnings_of(judged(world(0, copied=1.0, draws=600)).figures))
    for sentence in ("it publishes radiographs", "100.0% to the bit", "it memorizes", "it tells whom it learnt from"):
        assert sentence in told


@pytest.mark.parametrize("kind", ["percentile", "bca"])
def test_intervals_of_memory_say_what_is_drawn(kind):
    """Members are, beside test patients, and there is no network that could be held fixed."""
    protocol = load_protocol("quick", ["statistics.resamples=200", f"statistics.interval={kind}"])
    methods = set()
    for copied in (0.3, 1.0):  # where all images are nearest to members, nothing varies
        found = evaluate_unpaired(world(0, copied=copied), NO_READINGS, protocol, {}, TRAIN).unpaired
        for figure in (found.memorization, found.membership):
            methods |= {figure.interval.method, figure.control_interval.method, figure.change.interval.method}
    called = "BCa" if kind == "bca" else "percentile"
    assert methods == {
        f"{called} bootstrap over members (or those held out) and test patients, released images held fixed",
        "exact binomial bound with the effective number of patients, released images held fixed",
    }


def test_one_image_that_is_as_alike_as_one_is_to_itself_is_a_copy_though_no_bit_is_the_same():
    found = judged(world(4, copied=0.01, altered=0.1)).unpaired.copies
    assert found.exact == 0
    assert 0 < found.certain < 0.05
    assert found.publishes_originals


@pytest.mark.parametrize("altered", [0.0, 0.1])
def test_who_copies_test_images_saw_them(altered):
    evaluation = judged(world(0, copied=0.05, source="test", altered=altered))
    assert evaluation.unpaired.copies.saw_test
    assert any("memorization and membership mean nothing" in text for text in warnings_of(evaluation.figures))
    evaluation = judged(world(0, copied=0.5, altered=altered))
    assert not evaluation.unpaired.copies.saw_test
    assert not any("it saw test patients" in text for text in warnings_of(evaluation.figures))


def test_a_picture_that_is_written_several_times_counts_once():
    """Else a generator of few pictures would be as sure as one of many."""
    scores = world(3, copied=0.1)
    again = [scores.draws.assign(image=scores.draws["image"] + f" {number}") for number in range(9)]
    draws = pd.concat([scores.draws, *again], ignore_index=True)
    once, often = (judged(UnpairedScores(one, scores.patients, scores.nearness, scores.originals)).unpaired
                   for one in (scores.draws, draws))  # fmt: skip
    assert (often.images, often.copies.images, often.copies.pictures) == (1500, 1500, 150)
    assert often.copies.model_copy(update={"images": 150}) == once.copies
    assert often.memorization == once.memorization


def test_who_draws_afresh_is_not_accused_more_often_than_the_intervals_promise():
    values, alarms, contained, preferred = [], 0, 0, 0
    for seed in range(60):
        found = judged(world(seed)).unpaired
        assert not found.copies.exact
        preferred += found.copies.prefers_members
        for figure in (found.memorization, found.membership):
            values.append(figure.value)
            alarms += figure.alarms
            contained += figure.interval.low <= 0.5 <= figure.interval.high
    assert abs(np.mean(values) - 0.5) < 0.03
    assert alarms <= 9, "of 120 at 2.5 %, which chance exceeds in fewer than one of a thousand"
    assert contained >= 103
    assert preferred <= 6, "of 60 at 2.5 %, which chance exceeds in fewer than one of a thousand"


def test_splits_that_differ_are_no_memory():
    """Test patients lie elsewhere, so whatever is drawn lies nearer to training patients, and as near to others."""
    found = judged(world(0, moved=1.0, draws=400)).unpaired
    assert found.memorization.interval.low > 0.5
    assert found.memorization.verdict == "splits differ"


def test_who_learnt_from_the_control_too_is_not_excused_by_it():
    """Said is train, learnt was from both: each arm is as far above chance, which alarms and tells why it may be."""
    found = judged(world(0, copied=1.0, draws=600, source="train val"))
    assert found.unpaired.memorization.verdict == "splits differ"
    assert any("or it learnt from those as well" in text for text in warnings_of(found.figures))


def test_without_a_split_that_was_held_out_there_is_no_control():
    scores = world(2, copied=1.0)
    draws = scores.draws[scores.draws["arm"] == LEARNT]
    both = judged(UnpairedScores(draws, scores.patients, scores.nearness, scores.originals),
                  Provenance(("train", "val"), True, 0, True)).unpaired  # fmt: skip
    assert (both.memorization.control, both.memorization.change) == (None, None)
    assert both.memorization.verdict == "above chance"
    assert both.assumed


def test_where_the_data_name_no_test_patients_memory_is_not_judged_and_copies_are():
    evaluation = judged(world(0, copied=1.0), Provenance(("train", "val"), True, 0, False))
    found = evaluation.unpaired
    for figure in (found.memorization, found.membership):
        assert (figure.verdict, figure.value, figure.control, figure.change) == ("not judged", None, None, None)
    assert found.copies.publishes_originals
    assert evaluation.estimates == {}
    told = " ".join(warnings_of(evaluation.figures))
    assert "nobody knows which patients the generator never saw" in told
    assert "nobody said from which patients the generator learnt: it is taken to be train and val" in told


def test_what_is_compared_is_paired_by_patients():
    """The estimates of two releases rest on the same draws, and their difference has an interval."""
    first, second = (judged(world(0, copied=share)).estimates for share in (0.0, 1.0))
    assert first.keys() == second.keys() == {names.memory_of(one) for one in (names.MEMORIZATION, names.MEMBERSHIP_AUC)}
    for name, estimate in first.items():
        assert estimate.is_paired_with(second[name])
        assert second[name].minus(estimate).interval(PROTOCOL.statistics).low > 0


def test_of_many_patients_some_are_drawn_together_and_nothing_else_changes(monkeypatch):
    scores = world(3, copied=0.5)
    each = judged(scores).unpaired.memorization
    monkeypatch.setattr("privbench.evaluate.unpaired._CELLS", 15)
    together = judged(scores).unpaired.memorization
    assert together.value == pytest.approx(each.value)
    assert together.interval.low == pytest.approx(each.interval.low, abs=0.08)


def test_where_no_member_has_as_many_images_as_a_test_patient_nothing_is_said():
    scores = world(4)
    members = scores.patients["split"] == "train"
    patients = scores.patients.assign(images=np.where(members, 1, 9))
    found = judged(UnpairedScores(scores.draws, patients, scores.nearness, scores.originals)).unpaired
    assert (found.memorization.value, found.memorization.verdict) == (None, "too few")
