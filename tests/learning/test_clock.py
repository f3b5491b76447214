"""A training's parts are told apart, and what it computes is what it computes without a clock."""

import time

import pytest
import torch
from torch import nn

from privbench.learning.clock import PHASES, Clock, phase

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
