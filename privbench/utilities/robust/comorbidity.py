"""Comorbidity: which findings come together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

_LEAST_VARIANCE = 1e-3  # of a label: a finding that hardly occurs says nothing about the company it keeps


class Comorbidity(nn.Module):
    """How far the co-occurrence of predictions is from that of training labels.

    Predicted and known labels are compared in their covariance over images, in units of the labels' standard
    deviations; a finding with itself does not count. With label noise in the loss, it is predicted *labels* that are
    compared, so that the noise is in both.
    """

    expected: Tensor
    scale: Tensor

    def __init__(self, labels: np.ndarray) -> None:
        """Shape: labels (N, findings), NaN where unknown; findings that no image has labels of both of are left out."""
        super().__init__()
        known = ~np.isnan(labels)
        both = known.T.astype(float) @ known
        centred = np.where(known, labels - np.nanmean(labels, axis=0), 0.0)
        covariance = centred.T @ centred / np.maximum(both, 1)
        deviation = np.sqrt(np.maximum(np.diag(covariance), _LEAST_VARIANCE))
        scale = np.where(both > 0, 1 / np.outer(deviation, deviation), 0.0)
        np.fill_diagonal(scale, 0.0)
        self.register_buffer("expected", torch.tensor(covariance, dtype=torch.float32), persistent=False)
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32), persistent=False)

    def forward(self, logits: Tensor) -> Tensor:
        """The mean squared difference of correlations. Shape: (N, findings), log-odds of labels, to ()."""
        told = torch.sigmoid(logits)
        centred = told - told.mean(0)
        covariance = centred.T @ centred / len(centred)
        return (((covariance - self.expected) * self.scale) ** 2).mean()
