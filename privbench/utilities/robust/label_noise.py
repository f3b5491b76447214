"""Label noise: how the label that was reported follows from the finding that is there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...base.errors import PrivbenchError
from ...data.splits import Split

_FIRST_SENSITIVITY = 0.8
_FASTER = 20.0  # than the network's weights: Adam moves every parameter by its step size, and these are few
_REACH = 0.498  # above chance: a rate of 1 would leave labels that contradict it without any probability
_EDGE = 0.01  # of the reach: nearer to either end, a rate could hardly move away
_PRIOR = 1.0  # re-read images that are added to either side, so that no rate is 0 or 1


class Rates(NamedTuple):
    """Shares of findings that are reported, and of absent ones that are not. Shape: (findings,) each, in (0, 1)."""

    sensitivity: np.ndarray
    specificity: np.ndarray


class Channel(nn.Module):
    """From the log-odds of a finding to those of its label: P(label) = s P(finding) + (1 - c) (1 - P(finding)).

    The forward correction of Patrini et al. (CVPR 2017), with a sensitivity s and a specificity c for each finding.
    Known rates stay what they are. Unknown ones are learnt with the network, from the pessimistic end: a specificity at
    which all reports are made up. Where labels are better than that, only better rates explain them; where they are
    not, nothing moves the rates on, and they stay the noisiest that agree with the labels (as the smallest volume of Li
    et al., ICML 2021).
    """

    def __init__(self, reported: Tensor, rates: Rates | None) -> None:
        """Shape: reported (findings,), the share of labels that report each finding."""
        super().__init__()
        first = (
            torch.stack([torch.full_like(reported, _FIRST_SENSITIVITY), 1 - reported])
            if rates is None
            else torch.tensor(np.stack(rates), dtype=torch.float32)
        )
        place = ((first - 0.5) / _REACH).clamp(_EDGE, 1 - _EDGE).logit() / _FASTER
        self.place = nn.Parameter(place, requires_grad=rates is None)

    def rates(self) -> Tensor:
        """Sensitivity and specificity, in [0.5, 0.5 + _REACH]. Shape: (2, findings)."""
        return 0.5 + _REACH * torch.sigmoid(_FASTER * self.place)

    def forward(self, logits: Tensor) -> Tensor:
        """Shape: (N, findings), log-odds of findings, to log-odds of labels."""
        sensitivity, specificity = self.rates()
        present, absent = functional.logsigmoid(logits), functional.logsigmoid(-logits)
        reported = torch.logaddexp(sensitivity.log() + present, (1 - specificity).log() + absent)
        silent = torch.logaddexp((1 - sensitivity).log() + present, specificity.log() + absent)
        return reported - silent


def reread_rates(path: Path, train: Split) -> Rates:
    """The rates of the labels of training images, by a second reading of some of them.

    Args:
        path: a CSV with the column image and one 0/1 column for each finding that was read again; empty where an image
            was not read for it.
        train: the images whose labels are judged.

    Raises:
        PrivbenchError: the file is no such table, or holds no reading of a finding on any training image.
    """
    try:
        truth = pd.read_csv(path, dtype={"image": str}).set_index("image")
    except (OSError, ValueError, KeyError) as error:
        raise PrivbenchError(
            f"{path} is no table of re-read images ({error}): give it the columns image and findings."
        ) from error
    if truth.index.has_duplicates:
        raise PrivbenchError(f"{path} lists image {truth.index[truth.index.duplicated()][0]} twice: keep one reading.")
    reported = train.table.set_index("image")
    rows = reported.index.intersection(truth.index)
    rates = [_rates_of(path, finding, reported.loc[rows], truth.loc[rows]) for finding in train.findings]
    return Rates(*map(np.array, zip(*rates, strict=True)))


def _rates_of(path: Path, finding: str, reported: pd.DataFrame, truth: pd.DataFrame) -> tuple[float, float]:
    if finding not in truth.columns:
        raise PrivbenchError(f"{path} lacks the finding {finding!r}: add a column, or leave out the re-read table.")
    there, told = truth[finding].to_numpy(float), reported[finding].to_numpy(float)
    known = ~np.isnan(there) & ~np.isnan(told)
    if not known.any() or not np.isin(there[known], [0, 1]).all():
        raise PrivbenchError(
            f"{path} must hold 0 or 1 for {finding!r} on some training images, {len(reported)} of which it lists."
        )
    present, label = there[known] == 1, told[known] == 1
    sensitivity = ((label & present).sum() + _PRIOR) / (present.sum() + 2 * _PRIOR)
    specificity = ((~label & ~present).sum() + _PRIOR) / ((~present).sum() + 2 * _PRIOR)
    return float(sensitivity), float(specificity)
