import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import entry, estimate

from privbench.judging.ranking import front_shares, make_boards, on_front, rank_interval, surely_below

points = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12)


@given(points)
def test_the_front_is_what_nobody_dominates(drawn):
    attacked, useful = np.array(drawn, float).T

    def dominates(one, other):
        better = (attacked[one] < attacked[other]) or (useful[one] > useful[other])
        return attacked[one] <= attacked[other] and useful[one] >= useful[other] and better

    rows = range(len(drawn))
    expected = [not any(dominates(other, row) for other in rows) for row in rows]
    assert on_front(attacked, useful).tolist() == expected


def test_what_the_data_cannot_tell_apart_is_tied(rng):
    noise = rng.normal(0, 0.01, (3, 2000))
    one, same, other = (estimate(value, draws) for value, draws in zip((0.60, 0.61, 0.70), noise, strict=True))
    below = surely_below([one, same, other], 0.95)
    assert below.tolist() == [[False, False, True], [False, False, True], [False, False, False]]
    assert [rank_interval(below, number) for number in range(3)] == [(1, 2), (1, 2), (3, 3)]


def test_shared_patients_tell_what_separate_ones_cannot(rng):
    """Two runs whose figures rise and fall together differ surely, however wide their own intervals are."""
    shared, own = rng.normal(0, 0.05, 2000), rng.normal(0, 0.002, (2, 2000))
    paired = [estimate(0.60, shared + own[0]), estimate(0.63, shared + own[1])]
    apart = [estimate(0.60, shared), estimate(0.63, rng.normal(0, 0.05, 2000))]
    assert surely_below(paired, 0.95)[0, 1]
    assert not surely_below(apart, 0.95).any()


def test_trainings_make_ranks_less_sure(rng):
    draws = rng.normal(0, 0.002, (2, 2000))
    sure = [estimate(0.60, draws[0]), estimate(0.63, draws[1])]
    unsure = [estimate(0.60, draws[0], training_error=0.03), estimate(0.63, draws[1], training_error=0.03)]
    assert surely_below(sure, 0.95).any()
    assert not surely_below(unsure, 0.95).any()


def test_a_run_is_tied_with_its_copy(rng):
    draws = rng.normal(0, 0.01, 500)
    assert not surely_below([estimate(0.6, draws), estimate(0.6, draws)], 0.95).any()
    assert surely_below([estimate(0.6, draws)], 0.95).shape == (1, 1)


def test_a_whole_table_makes_a_false_statement_in_one_of_twenty_studies():
    """Twelve runs that are all alike, 400 times: how often any two are called different."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        truth = rng.normal(0, 0.01, 12)  # what the study's patients make of twelve equal methods
        runs = [estimate(0.7 + value, rng.normal(0, 0.01, 400), effective=1000) for value in truth]
        wrong += bool(surely_below(runs, 0.95).any())
    assert 0.01 < wrong / 400 < 0.08


@pytest.mark.parametrize(("trainings", "gap"), [(2, 60), (3, 10)])
def test_few_trainings_make_few_false_statements_and_still_see_a_large_gap(trainings, gap):
    """Two runs that are alike and a third that is worse by so many spreads of the trainings, in 100 studies."""
    rng, spread = np.random.default_rng(0), 0.002

    def trained(truth):
        values = truth + rng.normal(0, spread, trainings)
        error = values.std(ddof=1) / np.sqrt(trainings)
        made = estimate(values.mean(), rng.normal(0, spread / 10, 300), training_error=error)
        return dataclasses.replace(made, freedom=trainings - 1.0)

    wrong = seen = 0
    for _ in range(100):
        below = surely_below([trained(0.6), trained(0.6), trained(0.6 + gap * spread)], 0.95, [1, 2, 3])
        wrong += bool(below[0, 1] or below[1, 0] or below[2].any())
        seen += bool(below[:2, 2].all())
    assert wrong / 100 < 0.08
    assert seen / 100 > 0.9


def test_the_share_of_resamples_on_the_front(rng):
    alternating = np.tile([-0.01, 0.01], 250)
    runs = [estimate(0.60, alternating), estimate(0.60, -alternating)]
    equal = [estimate(0.8, np.zeros(500))] * 2
    assert front_shares(runs, equal, [0, 1]) == pytest.approx([0.5, 0.5])


def test_a_copy_does_not_push_its_original_off_the_front(rng):
    one = estimate(0.6, rng.normal(0, 0.01, 500), training_error=0.02)
    assert front_shares([one, one], [estimate(0.8, np.zeros(500))] * 2, [7, 7]) == pytest.approx([1, 1])


def test_boards_mark_the_dominated_and_leave_the_unproven_out(rng):
    good, bad = entry("good", 0.6, 0.9, rng=rng), entry("bad", 0.8, 0.7, rng=rng)
    weak = entry("weak", 0.5, 0.95, verdict="weak", rng=rng)
    opened = entry("open", 0.4, 0.95, verdict="open", rng=rng)
    (board,) = make_boards([bad, weak, opened, good])
    assert [standing.entry.record.label for standing in board.standings] == ["good", "bad", "open", "weak"]
    first, second, *unproven = board.standings
    assert (first.privacy_rank, first.utility_rank, first.on_front, first.dominated_by) == ((1, 1), (1, 1), 1.0, None)
    assert (second.privacy_rank, second.on_front) == ((2, 2), 0.0)
    assert second.dominated_by is first.entry
    assert {(one.privacy_rank, one.utility_rank, one.on_front) for one in unproven} == {(None, None, None)}


def test_ranks_hold_the_truth_for_every_order(rng):
    for order in itertools.permutations([0.6, 0.7, 0.8]):
        runs = [estimate(value, rng.normal(0, 0.005, 500)) for value in order]
        below = surely_below(runs, 0.95)
        ranks = [rank_interval(below, number) for number in range(3)]
        assert [low for low, _ in ranks] == (np.argsort(np.argsort(order)) + 1).tolist()
