"""The release: the anonymized data set as a publisher would ship it, 8-bit images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from ..base.errors import PrivbenchError
from ..data.arrays import ArrayWriter
from ..data.greys import greys_of
from ..learning.context import Context, Pixels
from ..learning.states import load_state
from ..plugins.interfaces import Anonymizer, SetAnonymizer
from .fitting import keep_what_is_learnt
from .ledgers import learnt_from, taken_over
from .source import Source
from .stage_names import ANONYMIZER, IMAGES_FILE

if TYPE_CHECKING:
    from ..engine.node import Reads, StageName

_TOLERANCE = 1e-4  # rounding may leave [0, 1] by this much; 8 bits do not see it


@dataclass(frozen=True)
class FitAnonymizer:
    """Fits the anonymizer to training and validation images."""

    anonymizer: Anonymizer
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        originals, guidance = self.source.shown(reads).originals, self.source.guidance(reads, ctx.device)
        train, val = originals["train"], originals["val"]
        params = self.anonymizer.params
        ledger = learnt_from(self.source, reads, params) if self.anonymizer.learns else taken_over(params)
        keep_what_is_learnt(self.anonymizer, lambda one: one.fit(train, val, guidance, ctx), folder, ledger)


@dataclass(frozen=True)
class Release:
    """Anonymizes every image that is published once. Writes (N, 1, H, W), uint8, sorted as the data are."""

    anonymizer: Anonymizer
    name: StageName
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        anonymizer, shown = fitted(self.anonymizer, reads, ctx.device), self.source.shown(reads)
        parts = {name: shown.attacked(name) for name in shown.originals}
        shape = (sum(len(part.images) for part in parts.values()), *parts["train"].images.shape[1:])
        with ArrayWriter(folder / IMAGES_FILE, shape) as writer:
            for name, part in parts.items():
                own = replace(ctx, stage=f"{self.name} of {name}")
                write_release(anonymizer, part.images, part.table, own, writer)


def fitted(anonymizer: Anonymizer, reads: Reads, device: torch.device) -> Anonymizer:
    """An instance that knows what was learnt and has done nothing yet."""
    made = anonymizer.anew()
    made.load_state(load_state(reads[ANONYMIZER]), device)
    return made


@torch.no_grad()
def write_release(
    anonymizer: Anonymizer, images: np.ndarray, table: pd.DataFrame, ctx: Context, writer: ArrayWriter
) -> None:
    """Releases a whole set and writes it with 8 bits.

    Shape: (N, 1, H, W), uint8, and N rows.

    Raises:
        PrivbenchError: the anonymizer changed shape or number, returned values that are not in [0, 1], or is declared
            deterministic and is not.
    """
    pixels, done = Pixels(images, ctx.device), 0
    with ctx.progress.task("anonymizing", total=len(images)) as advance:
        for part in anonymizer.anonymize_set(pixels, table, ctx.torch_generator("noise")):
            released = part.float()
            _check(anonymizer, released, len(images) - done, images.shape[1:])
            if anonymizer.deterministic and done == 0 and len(released):
                _check_determinism(anonymizer, pixels, table, released)
            writer.append(with_8_bits(released))
            done += len(released)
            advance(len(released))
    if done < len(images):
        raise _lost(anonymizer, done, len(images))


def anonymized(anonymizer: Anonymizer, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Some images, anonymized, in the shape and range that they must have. Raises as `write_release`.

    Shape: (N, 1, H, W), float in [0, 1], in and out.
    """
    released = anonymizer.anonymize(images, generator).float()
    _check(anonymizer, released, len(images), images.shape[1:])
    if len(released) < len(images):
        raise _lost(anonymizer, len(released), len(images))
    return released


def with_8_bits(released: torch.Tensor) -> np.ndarray:
    """Images as they are shipped. Shape: any, float in [0, 1] but for rounding, to uint8."""
    return greys_of(released).numpy()


def _lost(anonymizer: Anonymizer, released: int, images: int) -> PrivbenchError:
    return PrivbenchError(
        f"The anonymizer {anonymizer.name!r} released {released} of {images} images: it must keep their number."
    )


def _check(anonymizer: Anonymizer, released: torch.Tensor, most: int, shape: tuple[int, ...]) -> None:
    if released.shape[1:] != shape or len(released) > most:
        raise PrivbenchError(
            f"The anonymizer {anonymizer.name!r} turned images of shape {(most, *shape)} into "
            f"{tuple(released.shape)}: it must keep the shape."
        )
    if not len(released):
        return
    low, high = float(released.min()), float(released.max())
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):  # NaN fails as well
        raise PrivbenchError(
            f"The anonymizer {anonymizer.name!r} returned values from {low:g} to {high:g}: they must lie in [0, 1]."
        )


def _check_determinism(anonymizer: Anonymizer, pixels: Pixels, table: pd.DataFrame, released: torch.Tensor) -> None:
    """Releases the first part again, of images that stand for themselves the first half of it among others as well."""
    if isinstance(anonymizer, SetAnonymizer):
        parts = anonymizer.anonymize_set(pixels, table, torch.Generator().manual_seed(1))
        again = next((part for part in parts if len(part)), released[:0])
        _insist_on_the_same(anonymizer, again.float(), released, "a set in two ways")
        return
    images, half = pixels[torch.arange(len(released))], (len(released) + 1) // 2
    others = torch.cat([images[:half], 1 - images[half:]])
    for batch, what in ((images, "in two ways"), (others, "by what else is in its batch")):
        again = anonymizer.anonymize(batch, torch.Generator().manual_seed(1)).float()
        _insist_on_the_same(anonymizer, again[:half], released[:half], f"an image {what}")


def _insist_on_the_same(anonymizer: Anonymizer, again: torch.Tensor, released: torch.Tensor, what: str) -> None:
    if again.shape != released.shape or not ((again - released).abs() <= _TOLERANCE).all():
        raise PrivbenchError(
            f"The anonymizer {anonymizer.name!r} is declared deterministic and anonymizes {what}: "
            "let nothing but the images decide, or declare deterministic = False and draw noise from the generator."
        )
