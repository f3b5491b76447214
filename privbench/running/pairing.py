"""Gives splits the verification pairs of a protocol: drawn by seed, or read from lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import PrivbenchError
from ..base.seeds import numpy_generator
from ..data.pairs import Pairs, draw_pairs, read_pairs
from ..data.splits import Split

if TYPE_CHECKING:
    from ..protocols.schema import PairsSection


def with_pairs(
    splits: Mapping[str, Split], pairs: PairsSection, seed: int, published: Mapping[str, np.ndarray] | None = None
) -> dict[str, Split]:
    """The splits, each with its verification pairs; of splits of which not all is `published`, pairs of these rows.

    Raises PrivbenchError as `draw_pairs` and `read_pairs` do, and where no mated and non-mated pairs are left.
    """
    rows = published or {}
    return {
        name: replace(
            split,
            pairs=_pairs_among(split, name, rows[name], pairs, seed)
            if name in rows
            else _pairs(split, name, pairs, seed),
        )
        for name, split in splits.items()
    }


def _pairs_among(split: Split, name: str, rows: np.ndarray, pairs: PairsSection, seed: int) -> Pairs:
    """Drawn among those rows; or those of a list that are among them."""
    if (file := pairs.file(name)) is None:
        drawn = _pairs(split.among(rows), name, pairs, seed)
    else:
        drawn = _pairs(split, name, pairs, seed).among(rows)
        if drawn.mated.all() or not drawn.mated.any():
            raise PrivbenchError(
                f"The images that are released hold no mated and non-mated pair of {file}: release more of them, or "
                f"draw pairs with --set pairs.{name}_file=none."
            )
    return Pairs(rows[drawn.probe], rows[drawn.reference], drawn.mated)


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
