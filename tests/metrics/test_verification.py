"""Error rates against closed forms and against scikit-learn's ROC."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from sklearn.metrics import roc_curve

from privbench.metrics.verification import equal_error_rate, error_rates, rates_at, threshold_at_fmr


def draw(seed: int, count: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mated = np.arange(count) % 2 == 0
    scores = rng.normal(mated * rng.uniform(-0.5, 2), 1)
    return mated, np.round(scores) if ties else scores


def minimax_error(mated: np.ndarray, scores: np.ndarray) -> float:
    """The same number by another definition: the largest error, over all priors, of the best threshold (BOSARIS)."""
    false_matches, matches, _ = roc_curve(mated, scores, drop_intermediate=False)

    def error(prior: float) -> float:
        return float(np.min(prior * (1 - matches) + (1 - prior) * false_matches))

    priors = np.linspace(0, 1, 2001)
    best = priors[int(np.argmax([error(prior) for prior in priors]))]
    inside = (max(0, best - 1e-3), min(1, best + 1e-3))
    return max(error(best), -minimize_scalar(lambda prior: -error(prior), bounds=inside, method="bounded").fun)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 200), st.booleans())
def test_equal_error_rate_is_the_minimax_error(seed, count, ties):
    mated, scores = draw(seed, count, ties)
    assert equal_error_rate(mated, scores) == pytest.approx(minimax_error(mated, scores), abs=2e-4)


def test_equal_error_rate_of_two_normal_distributions():
    rng = np.random.default_rng(0)
    mated = np.arange(200_000) % 2 == 0
    assert equal_error_rate(mated, rng.normal(2.0 * mated, 1)) == pytest.approx(norm.cdf(-1), abs=0.003)


def test_equal_error_rate_at_the_ends():
    mated = np.array([True, True, False, False])
    assert equal_error_rate(mated, np.array([3.0, 2, 1, 0])) == 0
    assert equal_error_rate(mated, np.zeros(4)) == 0.5
    assert equal_error_rate(mated, np.array([0.0, 1, 2, 3])) == 0.5, "a score that runs the wrong way is a coin"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 200), st.booleans())
def test_error_rates_are_scikit_learns(seed, count, ties):
    mated, scores = draw(seed, count, ties)
    expected = roc_curve(mated, scores, drop_intermediate=False)
    false_matches, false_non_matches = error_rates(mated, scores)
    assert np.allclose(false_matches, expected[0])
    assert np.allclose(1 - false_non_matches, expected[1])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(30, 400), st.booleans(), st.sampled_from([0.01, 0.1, 0.3]))
def test_threshold_is_the_lowest_that_keeps_the_rate(seed, count, ties, fmr):
    mated, scores = draw(seed, count, ties)
    threshold = threshold_at_fmr(mated, scores, fmr)
    if (~mated).sum() * fmr < 1:
        assert threshold is None
        return
    false_matches, false_non_matches = error_rates(mated, scores)
    reached = rates_at(mated, scores, threshold)
    assert reached[0] <= fmr + 1e-12
    assert reached[1] == pytest.approx(false_non_matches[false_matches <= fmr + 1e-12].min())


def test_rates_at_count_a_score_on_the_threshold_as_accepted():
    mated = np.array([True, True, False, False])
    assert rates_at(mated, np.array([1.0, 0, 1, 0]), 1.0) == (0.5, 0.5)
