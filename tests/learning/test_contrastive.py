"""The contrastive loss is pytorch-metric-learning's to the bit, and what the paper says."""

import pytest
import torch
from pytorch_metric_learning.losses import SupConLoss
from torch.nn import functional

from privbench.learning.contrastive import contrastive_loss, contrastive_loss_across


def points(count, features, alike):
    generator = torch.Generator().manual_seed(count * features)
    first = torch.randn(count, features, generator=generator)
    second = alike * first + torch.randn(count, features, generator=generator)
    return (functional.normalize(one, dim=1).requires_grad_() for one in (first, second))


def of_library(first, second, temperature):
    names = torch.arange(len(first))
    return SupConLoss(temperature)(torch.cat([first, second]), names.repeat(2))


def of_library_across(first, second, temperature):
    loss, names, others = SupConLoss(temperature), torch.arange(len(first)), torch.arange(len(first))
    one = loss(first, names, ref_emb=second, ref_labels=others)
    return (one + loss(second, names, ref_emb=first, ref_labels=others)) / 2


@pytest.mark.parametrize(
    ("ours", "theirs"), [(contrastive_loss, of_library), (contrastive_loss_across, of_library_across)]
)
@pytest.mark.parametrize("alike", [0, 3, 30])
@pytest.mark.parametrize(("count", "features"), [(1, 4), (2, 8), (16, 128), (48, 16)])
def test_loss_and_gradients_are_the_librarys(ours, theirs, alike, count, features):
    told = []
    for loss_of in (ours, theirs):
        first, second = points(count, features, alike)
        loss = loss_of(first, second, 0.1)
        loss.backward()
        told.append((loss.detach(), first.grad, second.grad))
    for one, other in zip(*told, strict=True):
        assert torch.equal(one, other)


def test_the_loss_is_the_papers():
    first, second = points(5, 3, 1)
    every = torch.cat([first, second]).detach().double()
    alike = (every @ every.T / 0.2).exp()
    terms = [-(alike[row, (row + 5) % 10] / (alike[row].sum() - alike[row, row])).log() for row in range(10)]
    assert contrastive_loss(first, second, 0.2).item() == pytest.approx(torch.stack(terms).mean().item(), rel=1e-5)
    across = [-(alike[row, row + 5] / alike[row, 5:].sum()).log() for row in range(5)]
    across += [-(alike[row, row - 5] / alike[row, :5].sum()).log() for row in range(5, 10)]
    assert contrastive_loss_across(first, second, 0.2).item() == pytest.approx(
        torch.stack(across).mean().item(), rel=1e-5
    )
