import numpy as np
import pytest
from scipy import stats

from privbench.metrics.delong import delong_p_value


def by_definition(labels, first, second):
    """DeLong et al. 1988, equations 3 to 8, over all pairs of a positive and a negative."""
    kernels = []
    for scores in (first, second):
        gap = scores[labels][:, None] - scores[~labels]
        kernels.append((gap > 0) + 0.5 * (gap == 0))
    s10 = np.cov([kernel.mean(1) for kernel in kernels])
    s01 = np.cov([kernel.mean(0) for kernel in kernels])
    covariance = s10 / labels.sum() + s01 / (~labels).sum()
    contrast = np.array([1, -1])
    z = (kernels[0].mean() - kernels[1].mean()) / np.sqrt(contrast @ covariance @ contrast)
    return 2 * stats.norm.sf(abs(z))


@pytest.mark.parametrize("seed", range(5))
def test_is_the_definition(seed):
    rng = np.random.default_rng(seed)
    labels = rng.random(60) < 0.4
    first, second = rng.integers(0, 9, (2, 60)) + 2 * labels
    assert delong_p_value(labels, first, second) == pytest.approx(by_definition(labels, first, second))


def test_the_same_scores_have_the_same_auc(rng):
    labels = np.arange(20) % 2 == 0
    scores = rng.normal(size=20)
    assert delong_p_value(labels, scores, scores) == 1
    assert delong_p_value(labels, scores, 3 * scores) == 1


def test_p_values_are_uniform_without_a_difference():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2 == 0
    found = [delong_p_value(labels, *(rng.normal(size=(2, 200)) + labels)) for _ in range(400)]
    assert stats.kstest(found, "uniform").pvalue > 0.01
