"""The co-occurrence of predictions against that of labels, by numpy."""

import numpy as np
import pytest
import torch

from privbench.utilities.robust.comorbidity import Comorbidity


def labels(rows=400):
    rng = np.random.default_rng(0)
    first = rng.random(rows) < 0.4
    second = np.where(rng.random(rows) < 0.8, first, rng.random(rows) < 0.4)
    return np.stack([first, second, rng.random(rows) < 0.3], axis=1).astype(np.float32)


def logits_of(probabilities):
    return torch.logit(torch.tensor(probabilities, dtype=torch.float32).clamp(1e-6, 1 - 1e-6))


def test_predictions_that_are_the_labels_cost_nothing():
    truth = labels()
    assert float(Comorbidity(truth)(logits_of(truth))) == pytest.approx(0, abs=1e-6)


def test_the_cost_is_the_mean_square_of_what_correlations_lack():
    truth = labels()
    correlation = np.corrcoef(truth.T)
    np.fill_diagonal(correlation, 0)
    flat = torch.zeros(50, 3)  # predictions that vary with nothing
    assert float(Comorbidity(truth)(flat)) == pytest.approx((correlation**2).mean(), rel=1e-4)


def test_findings_that_never_have_labels_together_are_left_out():
    truth = labels()
    truth[:200, 0], truth[200:, 1] = np.nan, np.nan
    third = np.corrcoef(truth[200:, 0], truth[200:, 2])[0, 1], np.corrcoef(truth[:200, 1], truth[:200, 2])[0, 1]
    cost = float(Comorbidity(truth)(torch.zeros(50, 3)))
    assert cost == pytest.approx(2 * sum(np.square(third)) / 9, rel=0.15), "means and variances are over all known"
