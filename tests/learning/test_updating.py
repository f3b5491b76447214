"""Batches that a device cannot hold: their size is told, or they are computed in parts with the same gradients."""

import copy
import shutil
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from privbench.base.errors import OutOfMemory
from privbench.learning.contrastive import contrastive_loss
from privbench.learning.recipes import Recipe
from privbench.learning.training import adam, train
from privbench.learning.updating import Update


class Narrow(nn.Module):
    """A network whose device holds the activations of so many rows."""

    def __init__(self, rows, *layers):
        super().__init__()
        self.rows, self.layers, self.seen = rows, nn.Sequential(*layers), []

    def forward(self, images):
        self.seen.append((len(images), torch.is_grad_enabled()))
        after = self.layers(images)
        if len(images) > self.rows:  # statistics and draws are spoilt by then
            raise torch.OutOfMemoryError("CUDA out of memory")
        return after


def layers():
    torch.manual_seed(0)
    return nn.Linear(5, 7), nn.LayerNorm(7), nn.Tanh(), nn.Linear(7, 4)


def of_rows(outputs):
    return functional.cross_entropy(outputs, torch.arange(len(outputs)) % 4)


def of_pairs(outputs):
    """Every row's loss hangs on all others."""
    return contrastive_loss(*outputs.chunk(2), 0.1)


def auto(ctx):
    return type(ctx)(ctx.fabric, ctx.seed, ctx.stage, ctx.progress, batch="auto")


def updated(network, ctx, images, loss_of, steps=3):
    update = Update(network, ctx, torch.optim.SGD(network.parameters(), 0.1), title="toy")
    return [update((images,), loss_of).item() for _ in range(steps)]


@pytest.mark.parametrize("loss_of", [of_rows, of_pairs])
@pytest.mark.parametrize("rows", [3, 5, 8, 16])
def test_parts_have_the_gradients_of_the_whole(loss_of, rows, ctx):
    images, ctx = torch.randn(16, 5, generator=torch.Generator().manual_seed(1)), auto(ctx)
    whole, narrow = Narrow(99, *layers()), Narrow(rows, *layers())
    assert updated(narrow, ctx, images, loss_of) == pytest.approx(updated(whole, ctx, images, loss_of), rel=1e-5)
    for one, other in zip(whole.parameters(), narrow.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    at_once = {3: 3, 5: 4, 8: 8}.get(rows)
    assert ctx.split == ({} if at_once is None else {"toy": at_once})
    later = narrow.seen[-2 * -(-16 // at_once) :] if at_once else narrow.seen[-1:]
    assert max(size for size, _ in later) == (at_once or 16), "what does not fit is tried once alone"


class Compared(Narrow):
    """Puts rows out, which a loss compares by weights of the network's own."""

    def __init__(self, rows, *layers):
        super().__init__(rows, *layers)
        self.compare = nn.Linear(4, 1)


def test_any_later_batch_has_parts_that_fit(ctx):
    """Also one of odd rows, which has no parts of two alone."""
    network = Narrow(3, *layers())
    update = Update(network, auto(ctx), torch.optim.SGD(network.parameters(), 0.1), title="toy")
    for count in (8, 7, 5, 3, 2, 9):
        update((torch.randn(count, 5, generator=torch.Generator().manual_seed(count)),), of_rows)
    tried_first = next(place for place, (size, _) in enumerate(network.seen) if size <= 3)
    assert {size for size, _ in network.seen[tried_first:]} == {2, 3}


@pytest.mark.parametrize("rows", [3, 5])
def test_weights_that_the_loss_reads_itself_have_their_gradients_too(rows, ctx):
    images, ctx = torch.randn(8, 5, generator=torch.Generator().manual_seed(1)), auto(ctx)
    whole, narrow = Compared(99, *layers()), Compared(rows, *layers())
    narrow.load_state_dict(whole.state_dict())
    before = copy.deepcopy(whole.compare.weight)
    losses = [
        updated(one, ctx, images, lambda outputs: one.compare(outputs[:, None] - outputs).exp().mean())  # noqa: B023
        for one in (whole, narrow)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert not torch.allclose(whole.compare.weight, before, atol=1e-3)
    for one, other in zip(whole.parameters(), narrow.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_dropout_drops_the_same_when_a_part_is_computed_again(ctx):
    """With all weights at one a row's output is what was kept; its gradient must be that of the same units."""
    network = Narrow(4, nn.Linear(6, 6, bias=False), nn.Dropout(0.5), nn.Linear(6, 1, bias=False))
    for weight in network.parameters():
        nn.init.ones_(weight)
    kept = []
    network.layers[1].register_forward_hook(lambda _, __, out: kept.append((torch.is_grad_enabled(), out.detach() > 0)))
    torch.manual_seed(5)
    updated(network, auto(ctx), torch.ones(8, 6), lambda outputs: outputs.square().mean(), steps=1)
    first, again = ([units for gradients, units in kept[-4:] if gradients == told] for told in (False, True))
    assert [torch.equal(one, other) for one, other in zip(first, again, strict=True)] == [True, True]
    assert not torch.equal(*first)


def test_batch_norm_counts_every_part_once_and_no_failure(ctx):
    network = Narrow(4, nn.BatchNorm1d(3, momentum=None))  # its mean is that of all batches that it saw
    images = torch.randn(8, 3, generator=torch.Generator().manual_seed(2))
    updated(network, auto(ctx), images, lambda outputs: outputs.square().mean(), steps=1)
    assert network.layers[0].num_batches_tracked == 2
    assert torch.allclose(network.layers[0].running_mean, images.mean(0), atol=1e-6)


def trained(network, ctx, count=32, loss_of=of_rows):
    recipe = Recipe(epochs=2, batch_size=16, learning_rate=0.01)
    images = torch.randn(count, 5, generator=torch.Generator().manual_seed(1))
    update = Update(network, ctx, *adam(network, recipe, count), title="toy")
    train(
        network,
        count=count,
        recipe=recipe,
        load=lambda rows: (images[rows],),
        step=lambda batch: {"loss": update((batch,), loss_of)},
        validate=lambda: {"loss": torch.tensor(1.0)},
        ctx=ctx,
        title="toy",
    )


@pytest.mark.parametrize(("rows", "fits"), [(15, 8), (8, 8), (7, 4), (2, 2)])
def test_the_batch_that_would_fit_is_told(rows, fits, ctx):
    with pytest.raises(OutOfMemory, match=rf"training 'toy' .* batches of 16: {fits} would fit, .*--batch auto"):
        trained(Narrow(rows, *layers()), ctx)


def test_where_a_training_is_not_computed_in_parts_that_is_told_too(ctx):
    """As one is whose loss reads more than what is put out by rows."""

    class Pair(Narrow):
        def forward(self, images):
            return super().forward(images), {}

    with pytest.raises(OutOfMemory, match="batches of 16: 4 would fit, .*; this training computes no batch in parts"):
        trained(Pair(5, *layers()), auto(ctx), loss_of=lambda outputs: of_rows(outputs[0]))


def test_of_a_batch_of_three_two_are_tried(ctx):
    with pytest.raises(OutOfMemory, match="batches of 3: 2 would fit"):
        trained(Narrow(2, *layers()), ctx, count=3)


def test_where_nothing_fits_that_is_told(ctx):
    for one in (ctx, auto(ctx)):
        with pytest.raises(OutOfMemory, match="even for two rows at once"):
            trained(Narrow(1, *layers()), one)


def test_a_training_in_parts_is_the_whole_one_and_says_so(ctx):
    whole, narrow, parts = Narrow(99, *layers()), Narrow(5, *layers()), auto(ctx)
    trained(whole, ctx)
    trained(narrow, parts)
    for one, other in zip(whole.parameters(), narrow.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    assert [row["at_once"] for row in parts.curves] == [4, 4]
    assert all("at_once" not in row for row in ctx.curves)


def test_what_is_not_put_out_by_rows_is_not_split(ctx):
    class Pair(Narrow):
        def forward(self, images):
            return super().forward(images), {}

    network = Pair(4, *layers())
    before = copy.deepcopy(network.state_dict())
    with pytest.raises(torch.OutOfMemoryError):
        updated(network, auto(ctx), torch.ones(8, 5), lambda outputs: outputs[0].mean())
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_what_is_compiled_learns_the_same(mode, ctx):
    """On a processor, whose compiler takes its time; outputs stay as they are while the next are computed."""
    if shutil.which("g++") is None:
        pytest.skip("there is no C++ compiler, which torch.compile needs on a processor")
    images = torch.randn(16, 5, generator=torch.Generator().manual_seed(1))
    plain, compiled = nn.Sequential(*layers()), nn.Sequential(*layers())
    told = updated(compiled, replace(ctx, compiled=mode), images, of_pairs)
    assert told == pytest.approx(updated(plain, ctx, images, of_pairs), rel=1e-5)
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    update = Update(compiled, replace(ctx, compiled=mode), torch.optim.SGD(compiled.parameters(), 0.1), title="toy")
    first = update.network(images)
    before = first.clone()
    update.network(images * 2)
    assert torch.equal(first, before)
