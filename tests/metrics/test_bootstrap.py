import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from privbench.metrics import bootstrap
from privbench.metrics.roc import weighted_auc


def test_counts_are_resamples_of_patients(rng):
    counts = bootstrap.draw_counts(7, 4000, rng)
    assert counts.shape == (4000, 7)
    assert (counts.sum(1) == 7).all()
    assert np.allclose(counts.mean(0), 1, atol=0.1)
    assert counts.var(0) == pytest.approx(np.full(7, 6 / 7), rel=0.15)  # multinomial: 1 - 1/n


def test_pair_weights_count_copies():
    """Against the plain way: list the drawn patients, and count the pairs among them."""
    counts = np.array([[2, 0, 1], [1, 1, 1], [0, 3, 0]])
    probe, reference = np.array([0, 0, 1, 2]), np.array([0, 2, 2, 2])
    expected = [[2, 2, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]]
    assert bootstrap.pair_weights(counts, probe, reference).tolist() == expected


def test_verification_resamples_average_the_seeds_under_the_same_draws():
    rng = np.random.default_rng(3)
    patients = rng.integers(0, 12, (2, 80))
    mated = patients[0] == patients[1]
    scores = rng.random((2, 80)) + mated
    values = bootstrap.verification_auc(scores, mated, *patients, 30, np.random.default_rng(5))
    counts = bootstrap.draw_counts(12, 30, np.random.default_rng(5))
    weights = bootstrap.pair_weights(counts, *patients)
    by_hand = [
        np.mean([roc_auc_score(mated, s, sample_weight=w) for s in scores]) if w[mated].sum() else np.nan
        for w in weights
    ]
    assert values == pytest.approx(np.array(by_hand), nan_ok=True)


def test_patients_and_not_images_are_the_unit():
    """Twenty copies of every image add no patients, so they must not narrow the interval."""
    rng = np.random.default_rng(0)
    patients = np.arange(60)
    labels = (rng.random((60, 1)) < 0.5).astype(float)
    scores = labels + rng.normal(0, 1, (60, 1))
    few = bootstrap.class_aucs(labels, scores, patients, 400, np.random.default_rng(1))
    many = bootstrap.class_aucs(
        labels.repeat(20, 0), scores.repeat(20, 0), patients.repeat(20), 400, np.random.default_rng(1)
    )
    assert np.allclose(few, many)


def test_interval_has_the_width_of_theory():
    """One image a patient and normal scores: Hanley and McNeil's standard error of the AUC."""
    rng = np.random.default_rng(0)
    n, true = 400, norm.cdf(1 / np.sqrt(2))
    labels = np.repeat([0.0, 1.0], n)[:, None]
    scores = labels + rng.normal(0, 1, (2 * n, 1))
    low, high = bootstrap.percentile_interval(
        bootstrap.class_aucs(labels, scores, np.arange(2 * n), 1000, rng)[:, 0], 0.95
    )
    q1, q2 = true / (2 - true), 2 * true**2 / (1 + true)
    error = np.sqrt((true * (1 - true) + (n - 1) * (q1 + q2 - 2 * true**2)) / n**2)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_a_lost_class_is_not_a_number():
    labels, scores = np.array([[1.0], [0], [0]]), np.array([[3.0], [1], [2]])
    values = bootstrap.class_aucs(labels, scores, np.arange(3), 200, np.random.default_rng(0))
    assert np.isnan(values).any()
    assert set(values[~np.isnan(values)]) <= {0.5, 1.0}


def test_percentiles():
    assert bootstrap.percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))
    assert weighted_auc(np.array([1, 0]), np.array([1.0, 0]), np.zeros((1, 2))).shape == (1,)
