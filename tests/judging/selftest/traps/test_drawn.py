"""What traps do is drawn from their seed, and what they do to one image from the release's generator too."""

import pytest
import torch

from privbench.base.errors import PrivbenchError
from privbench.judging.selftest.traps.drawn import Drawn, eight_bits, number, uniform
from privbench.judging.selftest.traps.geometry import Mirror
from privbench.judging.selftest.traps.grey_values import Gamma


def numbers(generators):
    return [number(one, 2**40) for one in generators]


def own(trap: Drawn, seed: int, count: int = 3):
    return numbers(trap.own_draws(torch.Generator().manual_seed(seed), count))


def test_draws_hang_on_the_seed_and_on_the_traps_name():
    seeds = numbers(Mirror(seed=seed).draws() for seed in (0, 1, 2))
    assert len({*seeds, number(Gamma().draws(), 2**40)}) == 4
    assert number(Mirror(seed=1).draws(), 2**40) == seeds[1]
    with pytest.raises(PrivbenchError, match="seed"):
        Mirror(seed=-1)


def test_each_image_has_draws_of_its_own():
    """They hang on the release's generator and on the trap's seed, and not on how many images there are at once."""
    trap = Mirror(seed=4)
    assert len(set(own(trap, 0, 50))) == 50
    assert own(trap, 0, 3) == own(trap, 0, 50)[:3]
    assert not set(own(trap, 0)) & set(own(trap, 1))
    assert not set(own(trap, 0)) & set(own(Mirror(seed=5), 0))


def test_numbers_keep_to_their_ranges(generator):
    assert {number(generator, 3) for _ in range(100)} == {0, 1, 2}
    drawn = [uniform(generator, 0.2, 0.3) for _ in range(100)]
    assert 0.2 <= min(drawn) < 0.21 < 0.29 < max(drawn) <= 0.3
    assert eight_bits(torch.arange(256) / 255).tolist() == list(range(256))
