"""Costs against lir (Netherlands Forensic Institute), linkability against the integral it stands for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lir.data.models import LLRData
from lir.metrics import cllr as lir_cllr
from lir.metrics import cllr_min as lir_cllr_min
from scipy.integrate import quad
from scipy.stats import norm

from privbench.metrics.likelihood import calibrate, cllr, linkability, min_cllr


def draw(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mated = rng.permutation(np.arange(count) % 3 == 0)
    return mated, rng.normal(mated * rng.uniform(-0.5, 3), 1)


def to_lir(mated: np.ndarray, ratios: np.ndarray) -> LLRData:
    return LLRData(features=ratios[:, None] / np.log(10), labels=mated.astype(int))  # lir counts in decades


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(6, 200))
def test_costs_are_lirs(seed, count):
    mated, ratios = draw(seed, count)
    assert cllr(mated, ratios) == pytest.approx(lir_cllr(to_lir(mated, ratios)), rel=1e-6)
    assert min_cllr(mated, ratios) == pytest.approx(lir_cllr_min(to_lir(mated, ratios)), rel=1e-4, abs=1e-6)


def test_costs_at_the_ends():
    mated = np.array([True, True, False, False])
    assert cllr(mated, np.zeros(4)) == 1, "saying nothing costs one bit"
    assert min_cllr(mated, np.array([3.0, 2, 1, 0])) == pytest.approx(0, abs=1e-9)
    assert min_cllr(mated, np.zeros(4)) == pytest.approx(1)
    assert cllr(mated, np.array([-9.0, -9, 9, 9])) > 10, "confident and wrong"


def test_calibration_finds_the_true_ratio():
    """Of N(1, 1) against N(-1, 1) the log-likelihood ratio is twice the score, whatever the share of mated pairs."""
    rng = np.random.default_rng(0)
    mated = np.arange(200_000) % 5 == 0
    scores = rng.normal(np.where(mated, 1.0, -1.0), 1)
    new = np.array([-1.0, 0.0, 2.0])
    assert calibrate(mated, scores, new) == pytest.approx(2 * new, abs=0.08)


def test_calibration_does_not_turn_scores_around():
    mated, scores = np.arange(100) % 2 == 0, np.arange(100) % 2 * 1.0
    assert (calibrate(mated, scores, np.array([0.0, 1.0])) == 0).all()


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.5])
def test_linkability_is_its_integral(distance):
    def integrand(score: float) -> float:
        same, other = norm.pdf(score, distance), norm.pdf(score)
        return same * (2 * same / (same + other) - 1)

    expected = quad(integrand, distance / 2, distance / 2 + 12)[0]  # nothing is linkable where others are likelier
    rng = np.random.default_rng(0)
    mated = np.arange(400_000) % 2 == 0
    assert linkability(mated, rng.normal(distance * mated, 1)) == pytest.approx(expected, abs=0.01)


def test_linkability_at_the_ends():
    mated = np.arange(2000) % 2 == 0
    assert linkability(mated, mated * 1.0) == 1
    assert linkability(mated, np.ones(2000)) == 0
    assert linkability(mated, -1.0 * mated) == 1, "a score that always runs the wrong way links as well"
    assert linkability(mated, np.random.default_rng(0).normal(size=2000)) < 0.1
