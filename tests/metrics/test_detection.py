import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score
from torchmetrics.functional.classification import binary_calibration_error

from privbench.metrics import bootstrap
from privbench.metrics.detection import average_precision, calibration_error, threshold_at_specificity


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_average_precision_is_that_of_the_drawn_images(seed, levels):
    """Against scikit-learn, whose sample weights are the patients' draws; few levels make many ties."""
    rng = np.random.default_rng(seed)
    patient, labels = rng.integers(0, 8, 50), rng.random(50) < 0.3
    labels[0] = True
    scores = rng.integers(0, levels, 50) + 0.5 * labels
    counts = bootstrap.draw_counts(8, 12, rng)
    values = average_precision(labels, scores, patient)(counts)
    for value, drawn in zip(values, counts.T, strict=True):
        weights = drawn[patient]
        if not weights[labels].any():
            assert np.isnan(value)
        else:
            assert value == pytest.approx(average_precision_score(labels, scores, sample_weight=weights), abs=1e-6)


def test_average_precision_of_many_draws_is_that_of_each(rng):
    """More draws than are computed at a time."""
    patient, labels, scores = rng.integers(0, 40, 300), rng.random(300) < 0.2, rng.normal(size=300)
    counts = bootstrap.draw_counts(40, 601, rng)
    statistic = average_precision(labels, scores, patient)
    assert np.array_equal(statistic(counts), np.concatenate([statistic(counts[:, [column]]) for column in range(601)]))


def test_average_precision_has_its_closed_forms():
    labels, patient, ones = np.arange(8) < 2, np.arange(8), np.ones((8, 1))
    assert average_precision(labels, -np.arange(8.0), patient)(ones) == [1]
    assert average_precision(labels, np.arange(8.0), patient)(ones) == pytest.approx([(1 / 7 + 2 / 8) / 2])
    assert average_precision(labels, np.zeros(8), patient)(ones) == [0.25], (
        "tied with all, it is the share of positives"
    )


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=60),
    st.floats(0.01, 1),
)
def test_the_threshold_is_the_smallest_of_that_specificity(values, specificity):
    scores = np.array([*values, 99.0])
    labels = scores == 99
    threshold = threshold_at_specificity(labels, scores, specificity)
    negatives = scores[~labels]
    assert (negatives < threshold).mean() >= specificity - 1e-9
    assert (negatives < np.nextafter(threshold, -math.inf)).mean() < specificity


def test_the_threshold_is_above_nineteen_of_twenty_negatives():
    scores = np.arange(40.0)
    labels = scores >= 20
    threshold = threshold_at_specificity(labels, scores)
    assert threshold == np.nextafter(18, 19)
    assert threshold_at_specificity(labels, scores.astype(np.float32)) == threshold
    assert threshold_at_specificity(np.ones(40, bool), scores) is None


def test_calibration_error_is_the_mean_distance_of_the_bins(rng):
    probabilities = rng.random(500)
    labels = rng.random(500) < probabilities**2
    place = np.floor(probabilities * 15)
    by_bin = [
        (place == one, abs(labels[place == one].mean() - probabilities[place == one].mean())) for one in range(15)
    ]
    expected = sum(chosen.mean() * error for chosen, error in by_bin)
    assert calibration_error(labels, probabilities) == pytest.approx(expected, abs=1e-9)


def test_calibration_error_is_torchmetrics(rng):
    """Which it took the place of, so that figures are read without torch."""
    for images in (3, 40, 700):
        probabilities = rng.random(images) ** 2
        labels = rng.random(images) < probabilities
        expected = binary_calibration_error(
            torch.from_numpy(probabilities), torch.from_numpy(labels.astype(np.int64)), n_bins=15, norm="l1"
        )
        assert calibration_error(labels, probabilities) == pytest.approx(float(expected), rel=1e-15)


def test_calibration_error_has_its_closed_forms():
    labels = np.arange(10) < 3
    assert calibration_error(labels, labels.astype(float)) == 0
    assert calibration_error(labels, np.full(10, 0.3)) == pytest.approx(0)
    assert calibration_error(labels, np.full(10, 0.9)) == pytest.approx(0.6)
    assert calibration_error(labels, (~labels).astype(float)) == pytest.approx(1)
