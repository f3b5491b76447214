"""A training's parts are told apart, and what it computes is what it computes without a clock."""

import time

import pytest
import torch
from torch import nn

from privbench.learning.clock import PHASES, Clock, moved_by, phase
from privbench.learning.updating import Update

CPU = torch.device("cpu")


def spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_each_part_counts_once_and_all_make_the_epoch():
    clock = Clock(CPU, "t")
    begun = time.perf_counter()
    with clock.epoch():
        spin(0.01)
        with phase("data"):
            spin(0.02)
            with phase("backward"):
                spin(0.03)
        with clock.validation(), phase("data"):
            spin(0.04)
    lasted = time.perf_counter() - begun
    told = clock.read(3, 5)
    assert (told.training, told.epoch, told.steps, told.device_seconds, told.flops) == ("t", 3, 5, None, None)
    assert set(told.seconds) == {"forward", "data", "backward", "validation"} <= set(PHASES)
    least = {"forward": 0.01, "data": 0.02, "backward": 0.03, "validation": 0.04}
    assert all(told.seconds[name] >= seconds - 1e-4 for name, seconds in least.items())
    assert sum(told.seconds.values()) <= lasted + 1e-3


def test_an_epoch_begins_at_nothing():
    clock = Clock(CPU, "t")
    with clock.epoch(), phase("data"):
        pass
    with clock.epoch():
        pass
    assert "data" not in clock.read(1, 1).seconds


def test_without_a_training_nothing_is_counted():
    @phase("data")
    def read() -> int:
        spin(0.005)
        return 7

    assert read() == 7
    clock = Clock(CPU, "t")
    with clock.epoch():
        assert read() == 7
    before = clock.read(0, 1).seconds
    assert before["data"] > 0, "within a training it is"
    assert read() == 7
    assert clock.read(0, 1).seconds == before


def test_an_error_ends_its_part():
    clock = Clock(CPU, "t")
    with pytest.raises(ZeroDivisionError), clock.epoch(), phase("data"):
        raise ZeroDivisionError
    with phase("data"):
        pass
    assert clock.switch("forward") == "forward"


def test_operations_are_those_of_products_forward_and_backward():
    """A linear layer: 2 n i o forward, as many for the gradient of its weights; its input needs none."""
    layer, clock = nn.Linear(32, 16, bias=False), Clock(CPU, "t")
    with clock.epoch(), clock.counted():
        layer(torch.ones(8, 32)).sum().backward()
    assert clock.read(0, 10).flops == 10 * 2 * (2 * 8 * 32 * 16)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda weights: torch.optim.Adam(weights, fused=True), 7),
        (lambda weights: torch.optim.AdamW(weights), 7),
        (lambda weights: torch.optim.SGD(weights, 0.1), 3),
        (lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9), 5),
    ],
    ids=["adam", "adamw", "sgd", "momentum"],
)
def test_an_optimizer_moves_weights_gradients_and_what_it_keeps(make, words):
    """Adam reads a weight, its gradient and two moments, and writes all but the gradient: seven words of four bytes."""
    layers = nn.Sequential(nn.Linear(5, 7), nn.Linear(7, 4), nn.Linear(3, 3))
    layers[1].requires_grad_(False)
    optimizer = make(layers.parameters())
    layers[:2](torch.ones(2, 5)).sum().backward()
    optimizer.step()
    assert moved_by(optimizer) == words * 4 * (5 * 7 + 7), "neither what is frozen nor what had no gradient"


def test_what_optimizers_move_is_counted_of_one_step_and_stands_for_all(ctx):
    layer, clock = nn.Linear(32, 16, bias=False), Clock(CPU, "t")
    update = Update(layer, ctx, torch.optim.Adam(layer.parameters()), title="t")
    with clock.epoch():
        for _ in range(3):
            with clock.counted():
                update((torch.ones(8, 32),), lambda outputs: outputs.square().mean())
    assert clock.read(0, 10).optimizer_bytes == 10 * 28 * 32 * 16
    with clock.epoch():
        update((torch.ones(8, 32),), lambda outputs: outputs.square().mean())
    assert clock.read(1, 10).optimizer_bytes == 10 * 28 * 32 * 16, "what is counted no more is not added"


def test_a_step_whose_seconds_are_not_told_apart_counts_no_bytes():
    layer, clock = nn.Linear(32, 16), Clock(CPU, "t")
    optimizer = torch.optim.Adam(layer.parameters())
    with clock.epoch(), clock.counted():
        layer(torch.ones(8, 32)).sum().backward()
        optimizer.step()
    assert clock.read(0, 10).optimizer_bytes is None


def test_counting_changes_no_bit():
    import timm

    def gradients(count: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        network = timm.create_model("test_resnet", num_classes=3).to(memory_format=torch.channels_last)
        images = torch.rand(4, 3, 32, 32).contiguous(memory_format=torch.channels_last)
        clock = Clock(CPU, "t")
        if count:
            with clock.counted():
                network(images).square().mean().backward()
        else:
            network(images).square().mean().backward()
        return [one.grad for one in network.parameters()]

    assert all(map(torch.equal, gradients(True), gradients(False)))
