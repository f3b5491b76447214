"""Images of other patients, drawn for an image."""

from __future__ import annotations

import torch
from torch import Tensor


def drawn_others(patients: Tensor, rows: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """For each row images of that many other patients, one of each; every patient is as likely, and each of his images.

    Shape: patients (N,), int64, from 0 on without gaps, more than `count` of them; rows (n,), to (n, count), int64.
    """
    order, numbers = patients.argsort(stable=True), torch.bincount(patients)
    drawn = torch.rand((len(rows), len(numbers)), generator=generator, dtype=torch.float64)
    drawn[torch.arange(len(rows)), patients[rows]] = 2  # behind all others
    chosen = drawn.argsort(1)[:, :count]
    which = torch.rand(chosen.shape, generator=generator, dtype=torch.float64) * numbers[chosen]
    return order[(numbers.cumsum(0) - numbers)[chosen] + which.long()]
