import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from privbench.metrics.roc import Sample, auc, margin_kept, weighted_auc


@st.composite
def scored(draw):
    n = draw(st.integers(2, 60))
    scores = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))  # few values, so that many are tied
    labels = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda x: 0 < sum(x) < len(x)))
    return np.array(labels), np.array(scores, float)


@given(scored())
def test_agrees_with_scikit_learn(sample):
    labels, scores = sample
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def of_units(labels, scores, units, weights):
    return weighted_auc(*(Sample(scores[side], units[side], weights) for side in (labels, ~labels)))


@given(scored(), st.integers(0, 99))
def test_weights_agree_with_scikit_learn_and_with_copies(sample, seed):
    labels, scores = sample
    rng = np.random.default_rng(seed)
    units = rng.integers(0, 5, len(labels))  # several samples share a weight
    of_unit = rng.integers(0, 4, (5, 3)).astype(np.float32)
    of_unit[units[[labels.argmax(), labels.argmin()]]] += 1
    values = of_units(labels, scores, units, of_unit)
    for weight, value in zip(of_unit[units].T.astype(int), values, strict=True):
        assert value == pytest.approx(roc_auc_score(labels, scores, sample_weight=weight), abs=1e-12)
        copies = np.repeat(np.arange(len(labels)), weight)
        assert value == pytest.approx(roc_auc_score(labels[copies], scores[copies]), abs=1e-12)


@given(scored())
def test_symmetries(sample):
    labels, scores = sample
    assert auc(labels, -scores) == pytest.approx(1 - auc(labels, scores))
    assert auc(~labels, scores) == pytest.approx(1 - auc(labels, scores))
    assert auc(labels, np.exp(scores)) == pytest.approx(auc(labels, scores))


def test_closed_forms():
    assert auc(np.array([0, 0, 1, 1]), np.array([1.0, 2, 3, 4])) == 1
    assert auc(np.array([0, 1, 0, 1]), np.zeros(4)) == 0.5
    assert np.isnan(auc(np.ones(3), np.arange(3.0)))
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(0, 1, 40000), rng.normal(1, 1, 40000)])
    labels = np.repeat([0, 1], 40000)
    assert auc(labels, scores) == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.005)


def test_many_resamples_are_computed_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    labels, scores, weights = rng.random(50) < 0.5, rng.random(50), rng.integers(0, 3, (50, 20)).astype(float)
    whole = of_units(labels, scores, np.arange(50), weights)
    monkeypatch.setattr("privbench.metrics.roc._CHUNK", 3)
    assert np.array_equal(of_units(labels, scores, np.arange(50), weights), whole)


def test_a_class_without_weight_has_no_auc():
    labels, scores = np.array([True, False]), np.array([1.0, 0.0])
    assert np.isnan(of_units(labels, scores, np.arange(2), np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]))[:2]).all()


def test_the_margin_kept_is_a_share_of_what_lies_above_chance():
    assert [margin_kept(auc, 0.9) for auc in (0.9, 0.7, 0.5, 0.3)] == pytest.approx([1, 0.5, 0, -0.5])
    assert margin_kept(0.5, 0.5) == 0
