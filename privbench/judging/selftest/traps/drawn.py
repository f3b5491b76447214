"""What traps share: all that they do is drawn from a seed, so that nobody tunes an attack to one of them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pydantic import Field
from torch import Tensor

from ....base.params import Params
from ....learning.generators import torch_generator
from ....plugins.interfaces import Anonymizer


class DrawnParams(Params):
    seed: int = Field(0, ge=0, description="draws what the trap does")


class Drawn(Anonymizer):
    """A trap of which all is drawn: what it does to every image by its seed, to a single one by the release's too."""

    Params = DrawnParams

    def draws(self) -> torch.Generator:
        """Draws that are the same for every image and each time: they hang on the seed alone."""
        return torch_generator(self.params.seed, self.name)

    def own_draws(self, generator: torch.Generator, count: int) -> Iterator[torch.Generator]:
        """For each of `count` images draws of its own, which hang on the release's generator and on the seed."""
        for _ in range(count):
            yield torch_generator(self.params.seed, self.name, number(generator, 2**62))


def number(generator: torch.Generator, count: int) -> int:
    """A whole number from 0 to count - 1, each as likely."""
    return int(torch.randint(count, (), generator=generator))


def uniform(generator: torch.Generator, low: float, high: float) -> float:
    """A number between the two, each as likely."""
    return low + (high - low) * float(torch.rand((), generator=generator))


def eight_bits(images: Tensor) -> Tensor:
    """Grey values in [0, 1] as those from 0 to 255. Shape: any, float to int64."""
    return (images * 255).round().long()
