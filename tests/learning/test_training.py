import math

import pytest
import torch
from torch import nn

from privbench.base.errors import PrivbenchError
from privbench.learning.recipes import Recipe
from privbench.learning.training import adam, shuffled_batches, steps_per_epoch, train


@pytest.mark.parametrize(("count", "size"), [(10, 4), (9, 4), (8, 4), (1, 4), (3, 8)])
def test_batches_cover_the_rows_and_leave_out_a_last_single_one(count, size):
    batches = list(shuffled_batches(count, size, torch.Generator().manual_seed(0)))
    rows = torch.cat(batches).tolist()
    assert len(batches) == steps_per_epoch(count, size)
    assert len(rows) == len(set(rows)) == (count - 1 if count % size == 1 and count > 1 else count)
    assert all(len(batch) > 1 for batch in batches) or count == 1


def recipe(**changes):
    return Recipe(**{"epochs": 30, "batch_size": 4, "learning_rate": 0.1, **changes})


def test_the_best_epoch_is_kept_and_patience_ends_the_training(ctx):
    network = nn.Linear(1, 1)
    losses = iter([5.0, 3.0, 4.0, 4.5, 6.0, 1.0])
    seen = []

    def step(rows):
        with torch.no_grad():
            network.weight += 1
        return {"loss": network.weight.sum()}

    def validate():
        seen.append(network.weight.item())
        assert not network.training
        return {"loss": torch.tensor(next(losses))}

    train(network, count=4, recipe=recipe(patience=3), step=step, validate=validate, ctx=ctx, title="toy")
    assert len(seen) == 5, "three epochs without a better loss end it, before the one that would have been better"
    assert network.weight.item() == pytest.approx(seen[1])
    assert [row["val_loss"] for row in ctx.curves] == [5.0, 3.0, 4.0, 4.5, 6.0]
    assert ctx.curves[0]["training"] == "toy"


def test_a_regression_is_learnt(ctx):
    torch.manual_seed(0)
    x = torch.randn(64, 3)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5]])
    network = nn.Linear(3, 1)
    optimizer, move_rate = adam(network, recipe(schedule="one-cycle"), 64)
    rates = []

    def step(rows):
        loss = (network(x[rows]) - y[rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
        move_rate()
        return {"loss": loss}

    train(
        network,
        count=64,
        recipe=recipe(schedule="one-cycle"),
        step=step,
        validate=lambda: {"loss": (network(x) - y).square().mean()},
        ctx=ctx,
        title="regression",
    )
    assert torch.allclose(network.weight, torch.tensor([[1.0, -2.0, 0.5]]), atol=0.05)
    assert max(rates) == pytest.approx(0.1, rel=1e-3)
    assert rates[0] < 0.01
    assert rates[-1] < 0.001


def test_divergence_is_told(ctx):
    with pytest.raises(PrivbenchError, match="toy diverged in epoch 1"):
        train(
            nn.Linear(1, 1),
            count=2,
            recipe=recipe(),
            step=lambda rows: {"loss": torch.tensor(math.nan)},
            validate=lambda: {"loss": torch.tensor(0.0)},
            ctx=ctx,
            title="toy",
        )


def test_the_last_epoch_is_kept_or_the_training_stops_before_it():
    with pytest.raises(ValueError, match="patience stops after the best epoch"):
        recipe(keep="last", patience=3)
