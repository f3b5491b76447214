"""The supervised contrastive loss of batches that hold two images of each patient (Khosla et al. 2020).

An image's loss is the negative log of its patient's other image among all that it could be taken for. The mean is that
of the images whose loss is above zero: one that is told from all others has nothing to teach. No step of it waits for
the device.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def contrastive_loss(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Images of one kind, each told from all others of the batch.

    Shape: (n, features) each, row i of both of one patient, to ().
    """
    points = torch.cat([first, second])
    same = torch.eye(len(first), dtype=torch.bool, device=points.device).repeat(2, 2)
    others = ~torch.eye(len(points), dtype=torch.bool, device=points.device)
    return _mean_loss(points, points, same & others, others, temperature)


def contrastive_loss_across(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Images of two kinds, each told from those of the other kind alone. Shape: as `contrastive_loss`."""
    same = torch.eye(len(first), dtype=torch.bool, device=first.device)
    compared = torch.ones_like(same)
    both = [_mean_loss(*pair, same, compared, temperature) for pair in ((first, second), (second, first))]
    return (both[0] + both[1]) / 2


def _mean_loss(one: Tensor, other: Tensor, same: Tensor, compared: Tensor, temperature: float) -> Tensor:
    """Shape: points (n, features), (m, features); which are of one patient and which are compared, (n, m), bool."""
    alike = functional.normalize(one, dim=1) @ functional.normalize(other, dim=1).T / temperature
    alike = alike - alike.max(dim=1, keepdim=True).values.detach()
    chance = alike - alike.masked_fill(~compared, torch.finfo(alike.dtype).min).logsumexp(1, keepdim=True)
    losses = -((same * chance).sum(1) / same.sum(1))
    above = losses > 0
    return (losses * above).sum() / above.sum().clamp(min=1)
