from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privbench.metrics.hypervolume import area_below

shares = st.floats(0, 1)
points = st.lists(st.tuples(shares, shares), min_size=1, max_size=6)


def area(drawn):
    return float(area_below(*np.array(drawn, float).reshape(-1, 2).T))


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ([], 0.0),
        ([(1, 1)], 1.0),
        ([(0.4, 0.5)], 0.2),
        ([(0, 1), (1, 0)], 0.0),
        ([(0.2, 0.9), (0.5, 0.6), (0.8, 0.1)], 0.2 * 0.9 + 0.3 * 0.6 + 0.3 * 0.1),
        ([(0.5, 0.5), (0.5, 0.7)], 0.35),
        ([(-0.2, 0.9), (0.5, 1.3)], 0.5),
    ],
)
def test_areas_that_are_known(drawn, expected):
    assert area(drawn) == pytest.approx(expected)


@given(points)
def test_it_is_what_inclusion_and_exclusion_say(drawn):
    expected = sum(
        -((-1) ** number) * np.prod(np.min(chosen, axis=0))
        for number in range(1, len(drawn) + 1)
        for chosen in combinations(drawn, number)
    )
    assert area(drawn) == pytest.approx(expected, abs=1e-12)


@given(points, st.randoms(use_true_random=False))
def test_the_order_of_points_says_nothing(drawn, random):
    shuffled = random.sample(drawn, len(drawn))
    assert area(shuffled) == pytest.approx(area(drawn), abs=1e-12)


@given(points, st.tuples(shares, shares))
def test_a_further_point_never_lowers_it_and_a_dominated_one_adds_nothing(drawn, other):
    before, after = area(drawn), area([*drawn, other])
    assert before - 1e-12 <= after <= 1
    private, useful = drawn[0]
    assert area([*drawn, (private * other[0], useful * other[1])]) == pytest.approx(before, abs=1e-12)


def test_every_column_is_a_study_of_its_own(rng):
    private, useful = rng.uniform(size=(2, 4, 7))
    columns = [float(area_below(private[:, one], useful[:, one])) for one in range(7)]
    assert area_below(private, useful) == pytest.approx(columns)
