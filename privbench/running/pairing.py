"""Gives splits the verification pairs of a protocol: drawn by seed, or read from lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..base.seeds import numpy_generator
from ..data.pairs import Pairs, draw_pairs, read_pairs
from ..data.splits import Split

if TYPE_CHECKING:
    from ..protocols.schema import PairsSection


def with_pairs(splits: Mapping[str, Split], pairs: PairsSection, seed: int) -> dict[str, Split]:
    """The splits, each with its verification pairs. Raises PrivbenchError as `draw_pairs` and `read_pairs` do."""
    return {name: replace(split, pairs=_pairs(split, name, pairs, seed)) for name, split in splits.items()}


def guidance_pairs(train: Split, pairs: PairsSection, seed: int) -> Pairs:
    """The training pairs of the guidance verifier, which sees other and usually more of them than an attack."""
    rng = numpy_generator(seed, "pairs", "guidance")
    return draw_pairs(train.patients, pairs.guidance, pairs.cap, rng, "train", visits_apart(train, pairs))


def visits_apart(split: Split, pairs: PairsSection) -> np.ndarray | None:
    """The visits of which two images make no mated pair; None where they may. Shape: (N,), int64."""
    return None if pairs.within_study else split.visits


def _pairs(split: Split, name: str, pairs: PairsSection, seed: int) -> Pairs:
    if (file := pairs.file(name)) is not None:
        return read_pairs(file, split.table, name)
    wanted: int = getattr(pairs, name)
    rng = numpy_generator(seed, "pairs", name)
    return draw_pairs(split.patients, wanted, pairs.cap, rng, name, visits_apart(split, pairs))
