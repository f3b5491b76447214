"""The draws of patients, and statistics under them, against leaving out and repeating by hand."""

import numpy as np
import pytest
from records import around
from sklearn.metrics import roc_auc_score

from privbench.base.errors import PrivbenchError
from privbench.base.seeds import numpy_generator
from privbench.evaluate.resampling import IMAGE_WISE, Applied, Resampling, certain, estimate_of, image_wise_interval
from privbench.metrics import bootstrap
from privbench.protocols.schema import load_protocol

PROTOCOL = load_protocol("quick", ["statistics.resamples=150"])
PATIENTS = np.array([7, 3, 3, 9, 7, 7, 4, 9, 3, 4, 12])  # neither sorted nor from 0, with different numbers of images


@pytest.fixture
def resampling():
    return Resampling.of(PROTOCOL, PATIENTS)


def test_every_patient_has_a_row_whatever_its_number(resampling):
    assert resampling.patients.tolist() == [3, 4, 7, 9, 12]
    assert resampling.rows(PATIENTS).tolist() == [2, 0, 0, 3, 2, 2, 1, 3, 0, 1, 4]


def test_a_draw_has_as_many_patients_as_there_are(resampling):
    assert resampling.counts.shape == (5, 150)
    assert (resampling.counts.sum(0) == 5).all()
    assert (resampling.counts == 0).any()
    assert len(np.unique(resampling.counts, axis=1).T) > 50


def test_all_figures_and_runs_of_a_protocol_share_the_draws(resampling):
    """Also those whose images come in another order, or more than once; another seed draws anew."""
    again = Resampling.of(PROTOCOL, np.repeat(PATIENTS, 3)[::-1])
    assert np.array_equal(again.counts, resampling.counts)
    other = Resampling.of(load_protocol("quick", ["statistics.resamples=150", "seed=1"]), PATIENTS)
    assert not np.array_equal(other.counts, resampling.counts)


def test_a_mean_is_that_of_the_images_of_the_drawn_patients(resampling, rng):
    values = rng.normal(5, 2, len(PATIENTS))
    applied = resampling.apply(bootstrap.mean(values, resampling.rows(PATIENTS)))
    assert applied.value == pytest.approx([values.mean()])
    assert applied.jackknife == pytest.approx([values[left_out != PATIENTS].mean() for left_out in (3, 4, 7, 9, 12)])
    for column in range(20):
        times = dict(zip((3, 4, 7, 9, 12), resampling.counts[:, column].astype(int), strict=True))
        drawn = np.repeat(values, [times[patient] for patient in PATIENTS])
        assert applied.resampled[column] == pytest.approx(drawn.mean())


def test_an_auc_without_a_patient_is_that_of_the_other_patients_images(rng):
    patients = np.arange(12).repeat(5)
    resampling = Resampling.of(PROTOCOL, patients)
    labels = rng.random((60, 2)) < 0.4
    scores = labels + rng.normal(0, 1, (60, 2)).round(1)  # with ties
    applied = resampling.apply(bootstrap.class_aucs(labels, scores, patients))
    for column in range(2):
        for left_out in range(12):
            kept = patients != left_out
            expected = roc_auc_score(labels[kept, column], scores[kept, column])
            assert applied.jackknife[column, left_out] == pytest.approx(expected)


def test_what_a_draw_leaves_without_a_value_is_filled_with_the_figure_itself():
    applied = Applied(np.array([[0.5], [0.8]]), np.array([[0.4, np.nan], [0.7, 0.9]]), np.array([[np.nan], [0.6]]))
    filled = applied.filled()
    assert filled.jackknife.tolist() == [[0.4, 0.5], [0.7, 0.9]]
    assert filled.resampled.tolist() == [[0.5], [0.6]]
    doubled = applied.map(lambda part: 2 * part)
    assert doubled.value.tolist() == [[1.0], [1.6]]


def test_the_error_of_trainings_is_that_of_their_mean():
    applied = Applied(np.array([0.7]), np.array([0.6, 0.8]), np.array([0.7, 0.7, 0.9]))
    one = estimate_of(applied, 2.0, trainings=[0.7])
    assert (one.value, one.training_error, one.freedom, one.bounds) == (0.7, None, 1.0, (0.0, 1.0))
    three = estimate_of(applied, 2.0, trainings=[0.6, 0.7, 0.8], upper=np.inf)
    assert three.training_error == pytest.approx(0.1 / np.sqrt(3))
    assert (three.freedom, three.bounds) == (2.0, (0.0, np.inf))
    assert three.effective == 2.0
    assert (three.jackknife.tolist(), three.resampled.tolist()) == ([0.6, 0.8], [0.7, 0.7, 0.9])


def test_what_happens_between_two_patients_is_handed_on():
    applied = Applied(np.array([0.7]), np.array([0.6, 0.8]), np.array([0.7]))
    assert estimate_of(applied, 2.0).between.size == 0
    assert estimate_of(applied, 2.0, between=np.array([0.1, 0.2])).between.tolist() == [0.1, 0.2]
    assert estimate_of(applied, 2.0, counted_twice=0.3).counted_twice == 0.3


def test_a_figure_without_an_interval_is_an_error_where_one_is_needed():
    assert certain(around(0.7)) == around(0.7)
    with pytest.raises(PrivbenchError, match="too few, or too unequal, for an interval: use more of them"):
        certain(None)


def test_the_image_wise_interval_draws_images_one_by_one(rng):
    labels = rng.random((40, 2)) < 0.5
    scores = labels + rng.normal(0, 1, (40, 2))
    found = image_wise_interval(labels, scores, PROTOCOL)
    counts = bootstrap.draw_counts(40, 150, numpy_generator(PROTOCOL.seed, "resamples of images")).astype(int)
    means = []
    for column in counts.T:
        rows = np.repeat(np.arange(40), column)
        means.append(np.mean([roc_auc_score(labels[rows, c], scores[rows, c]) for c in range(2)]))
    assert (found.low, found.high) == pytest.approx(np.quantile(means, [0.025, 0.975]))
    assert (found.method, found.resamples, found.confidence) == (IMAGE_WISE, 150, 0.95)


def test_a_class_that_a_draw_leaves_with_one_label_keeps_its_auc():
    """One image of three shows it, so that many draws miss it."""
    labels = np.array([[True], [False], [False]])
    found = image_wise_interval(labels, np.array([[1.0], [2.0], [0.0]]), PROTOCOL)
    assert np.isfinite([found.low, found.high]).all()
    assert 0 <= found.low <= 0.5 <= found.high <= 1
