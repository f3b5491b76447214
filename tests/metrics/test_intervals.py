import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privbench.metrics import bootstrap, intervals
from privbench.metrics.intervals import holm


def test_percentiles():
    assert intervals.percentile(np.arange(10001.0), 0.9) == pytest.approx((500.0, 9500.0))


def test_few_patients_widen_the_tails_as_students_t_does(rng):
    values = rng.normal(size=400000)
    for effective in (2.5, 3, 10, 40):
        low, high = intervals.percentile(values, 0.95, effective)
        assert high == pytest.approx(stats.t.ppf(0.975, effective - 1), rel=0.1), effective
        assert low == pytest.approx(-high, rel=0.05)


def test_a_normal_critical_value_grows_as_students_t_does():
    normal = stats.norm.ppf(0.975)
    assert intervals.student_critical(normal, np.inf) == pytest.approx(normal)
    for effective in (2.5, 5, 40):
        assert intervals.student_critical(normal, effective) == pytest.approx(stats.t.ppf(0.975, effective - 1))
    assert intervals.student_critical(normal, 1.2) == intervals.student_critical(normal, 2)


def test_the_jackknife_of_a_mean_is_its_standard_error(rng):
    values = rng.normal(size=50)
    jackknife = bootstrap.mean(values, np.arange(50))(bootstrap.leave_one_out(50))
    assert intervals.standard_error(jackknife) == pytest.approx(stats.sem(values), rel=1e-5)
    assert intervals.standard_error(jackknife, counted_twice=1e9) == pytest.approx(stats.sem(values) / 3**0.5, rel=1e-5)
    assert np.isnan(intervals.standard_error(np.array([np.nan, 0.3])))


def test_stretching_gives_the_spread_and_keeps_the_value():
    stretched = intervals.stretched(np.array([0.4, 0.5, 0.6, np.nan]), 0.5, 0.2)
    assert np.nanstd(stretched) == pytest.approx(0.2)
    assert stretched[1] == 0.5
    assert intervals.stretched(np.array([0.5, 0.5]), 0.5, 0.2).tolist() == [0.5, 0.5]


def test_ends_beyond_the_resamples_do_not_depend_on_their_number(rng):
    values = rng.normal(size=100000)
    wide, narrow = (intervals.percentile(values[:count], 0.95, 2.2) for count in (1000, 100000))
    assert wide == pytest.approx(narrow, rel=0.1)
    assert narrow[1] == pytest.approx(stats.t.ppf(0.975, 1.2), rel=0.05)


def test_bca_never_turns_over(rng):
    """One heavy patient makes the bias and the skew, few patients the tails."""
    jackknife = np.r_[np.full(30, 0.7), 0.3]
    low, high = intervals.bca(rng.exponential(0.1, 1000) + 0.3, 0.5, jackknife, 0.95, 2.2)
    assert low < high


def test_bca_is_scipys():
    """One value a patient, so that scipy's own bootstrap resamples patients too."""
    values = np.random.default_rng(4).exponential(size=40)
    counts = bootstrap.draw_counts(40, 20000, np.random.default_rng(1))
    statistic = bootstrap.mean(values, np.arange(40))
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    found = intervals.bca(statistic(counts), values.mean(), statistic(bootstrap.leave_one_out(40)), 0.95)
    assert found == pytest.approx((expected.low, expected.high), abs=0.01)


def test_interval_of_an_auc_has_the_width_of_theory(rng):
    """One image a patient and normal scores: Hanley and McNeil's standard error of the AUC."""
    n, true = 400, stats.norm.cdf(1 / np.sqrt(2))
    labels = np.repeat([False, True], n)[:, None]
    scores = labels + rng.normal(0, 1, (2 * n, 1))
    statistic = bootstrap.class_aucs(labels, scores, np.arange(2 * n))
    low, high = intervals.percentile(statistic(bootstrap.draw_counts(2 * n, 1000, rng))[0], 0.95)
    q1, q2 = true / (2 - true), 2 * true**2 / (1 + true)
    error = np.sqrt((true * (1 - true) + (n - 1) * (q1 + q2 - 2 * true**2)) / n**2)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.15)
    jackknife = statistic(bootstrap.leave_one_out(2 * n))[0]
    assert intervals.standard_error(jackknife) == pytest.approx(error, rel=0.1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=14))
def test_holm_is_the_closed_testing_procedure(p_values):
    """An hypothesis is rejected where every set that holds it is, each by Bonferroni: the largest p of all sets."""
    corrected = holm(p_values)
    for row, (own, value) in enumerate(zip(corrected, p_values, strict=True)):
        others = sorted(p_values[:row] + p_values[row + 1 :], reverse=True)
        worst = 0.0
        for size in range(1, len(p_values) + 1):
            # The set of that size with the largest smallest p-value that still holds this hypothesis.
            worst = max(worst, min(1.0, size * min([*others[: size - 1], value])))
        assert own == pytest.approx(worst)
    assert holm([]) == []


@given(st.integers(1, 600), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_exact_interval_is_scipys(trials, share, confidence):
    hits = round(share * trials)
    exact = stats.binomtest(hits, trials).proportion_ci(confidence, method="exact")
    found = intervals.clopper_pearson(hits / trials, trials, confidence)
    assert found == pytest.approx((exact.low, exact.high), abs=1e-7)


def test_the_exact_interval_of_a_share_that_was_never_or_always_seen_is_that_at_the_bound():
    for effective in (2.0, 17.3, 400.0):
        for share in (0.0, 1.0):
            at_the_bound = intervals.at_the_bound(share, (0.0, 1.0), 0.95, effective)
            assert intervals.clopper_pearson(share, effective, 0.95) == pytest.approx(at_the_bound)


def test_fewer_effective_trials_widen_the_exact_interval():
    widths = [np.ptp(intervals.clopper_pearson(0.1, trials, 0.95)) for trials in (10, 20.5, 21, 400)]
    assert widths == sorted(widths, reverse=True)
