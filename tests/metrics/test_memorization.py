"""Whom a release remembers: closed forms, and what holds where nothing is remembered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privbench.metrics.memorization import auc_within, beyond_difficulty, p_of_members, share_of_members, strata_of
from privbench.metrics.roc import auc

ONES = np.ones(6)
MEMBERS = np.array([True, True, True, True, False, False])
ALIKE = np.zeros(6, np.int64)
ROWS = np.arange(6)


def value(statistic, weights=None):
    return statistic(np.ones((6, 1)) if weights is None else np.asarray(weights, float)[:, None]).item()


def test_patients_of_as_many_images_share_a_stratum():
    assert strata_of(np.array([1, 2, 3, 4, 5, 8, 9, 16, 17])).tolist() == [0, 1, 2, 2, 3, 3, 4, 4, 5]


@pytest.mark.parametrize(
    ("nearest", "share"),
    [
        ([1, 1, 1, 1, 1, 1], 0.5),  # whoever is in the gallery is nearest as often
        ([2, 0, 1, 1, 1, 1], 0.5),
        ([5, 0, 0, 0, 0, 0], 1.0),
        ([0, 0, 0, 0, 3, 0], 0.0),
        ([2, 2, 2, 2, 1, 1], 2 / 3),  # twice as often, whatever the numbers of both kinds
    ],
)
def test_members_count_by_the_patient(nearest, share):
    assert value(share_of_members(np.array(nearest, float), ONES, MEMBERS, ALIKE, ROWS)) == pytest.approx(share)


def test_patients_are_set_beside_those_of_as_many_images_alone():
    """Those of many images are nearer to everything, and here they are all members but one."""
    nearest, stratum = np.array([9, 9, 9, 1, 9, 1], float), np.array([1, 1, 1, 0, 1, 0])
    assert value(share_of_members(nearest, ONES, MEMBERS, stratum, ROWS)) == pytest.approx(0.5)
    assert value(share_of_members(nearest, ONES, MEMBERS, ALIKE, ROWS)) > 0.55
    lonely = np.array([0, 0, 0, 0, 1, 1])
    assert np.isnan(value(share_of_members(nearest, ONES, MEMBERS, lonely, ROWS))), "nobody to be set beside"


def test_a_weight_is_so_many_copies_and_cells_hold_several_patients():
    nearest = np.array([3, 1, 0, 0, 2, 1], float)
    twice = value(share_of_members(nearest, ONES, MEMBERS, ALIKE, ROWS), [2, 1, 1, 1, 1, 1])
    assert twice == pytest.approx((7 / 5) / (7 / 5 + 3 / 2))
    cells = share_of_members(np.array([3.0, 1, 3]), np.array([1.0, 3, 2]), np.array([True, True, False]), ALIKE[:3],
                             np.array([0, 1, 4]))  # fmt: skip
    assert value(cells) == pytest.approx(value(share_of_members(nearest, ONES, MEMBERS, ALIKE, ROWS)))
    assert np.isnan(value(share_of_members(0 * nearest, ONES, MEMBERS, ALIKE, ROWS)))


@given(st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_of_one_stratum_the_auc_is_the_usual_one(scores):
    found = value(auc_within(MEMBERS, np.array(scores, float), ALIKE, ROWS))
    assert found == pytest.approx(auc(MEMBERS, np.array(scores, float)))


def test_of_several_strata_it_is_a_mean_that_sees_no_difference_between_them():
    stratum, scores = np.array([0, 0, 1, 1, 0, 1]), np.array([1.0, 2, 11, 12, 3, 10])
    expected = (2 * 1 / 3 * 0 + 2 * 1 / 3 * 1) / (2 * 2 / 3)
    assert value(auc_within(MEMBERS, scores, stratum, ROWS)) == pytest.approx(expected)
    assert value(auc_within(MEMBERS, scores, stratum, ROWS), [1, 1, 1, 1, 0, 1]) == pytest.approx(1.0)
    assert np.isnan(value(auc_within(MEMBERS, scores, np.array([0, 0, 0, 0, 1, 1]), ROWS)))


def test_what_is_common_is_taken_off_as_known_outsiders_show_it():
    rng = np.random.default_rng(0)
    common = rng.uniform(0.2, 0.9, 200)
    nearness = np.tanh(0.1 + 0.5 * np.arctanh(common))
    known = np.arange(200) < 100
    told = beyond_difficulty(nearness, common, known)
    assert np.allclose(told, 0.1), "nothing is left of what follows from how common an image is"
    remembered = beyond_difficulty(np.where(np.arange(200) == 150, 1.0, nearness), common, known)
    assert remembered.argmax() == 150
    assert np.isfinite(remembered).all(), "of a copy, too"
    assert np.allclose(beyond_difficulty(nearness, 0 * common, known), np.arctanh(nearness)), "nothing to be learnt"
    assert np.allclose(beyond_difficulty(nearness, common, ~known & known), np.arctanh(nearness))


def test_where_nothing_is_remembered_every_patient_is_as_likely_to_be_nearest():
    """Points drawn alike, unequal numbers of both kinds: the mean over draws is a half, and not the members' share."""
    rng, shares = np.random.default_rng(1), []
    members = np.arange(40) < 30
    for _ in range(200):
        gallery, drawn = rng.normal(size=(40, 3)), rng.normal(size=(100, 3))
        nearest = np.square(drawn[:, None] - gallery).sum(2).argmin(1)
        counts = np.bincount(nearest, minlength=40).astype(float)
        statistic = share_of_members(counts, np.ones(40), members, np.zeros(40, np.int64), np.arange(40))
        shares.append(statistic(np.ones((40, 1))).item())
    assert np.mean(shares) == pytest.approx(0.5, abs=4 * np.std(shares) / np.sqrt(200))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_of_one_stratum_the_chance_of_so_many_members_is_fishers(patients):
    hit, members = np.array(patients).T
    table = [[(hit & members).sum(), (~hit & members).sum()], [(hit & ~members).sum(), (~hit & ~members).sum()]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert p_of_members(hit, members, np.zeros(len(hit), int)) == pytest.approx(expected)


def test_of_several_strata_it_is_what_shuffling_members_within_them_gives(rng):
    stratum, members = np.repeat([0, 1], [30, 12]), rng.random(42) < 0.6
    hit = rng.random(42) < np.where(stratum == 1, 0.8, 0.2)
    seen, counts = (hit & members).sum(), []
    for _ in range(4000):
        shuffled = np.concatenate([rng.permutation(members[stratum == part]) for part in (0, 1)])
        counts.append((hit & shuffled).sum())
    assert p_of_members(hit, members, stratum) == pytest.approx(np.mean(np.array(counts) >= seen), abs=0.03)


def test_where_nobody_is_hit_nothing_is_told():
    assert p_of_members(np.zeros(6, bool), MEMBERS, ALIKE) == 1
