"""The release: the anonymized data set as a publisher would ship it, 8-bit images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..base.errors import PrivbenchError
from ..data.arrays import ArrayWriter
from ..learning.context import Context, Pixels
from ..learning.states import load_state
from ..plugins.interfaces import Anonymizer
from .fitting import keep_what_is_learnt
from .ledgers import learnt_from, taken_over
from .source import Source
from .stage_names import ANONYMIZER, IMAGES_FILE

if TYPE_CHECKING:
    from ..engine.node import Reads, StageName

_BATCH = 64  # what fits a processor's caches; an accelerator has enough to do with it
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
    """Anonymizes every image once. Writes (N, 1, H, W), uint8, sorted as the data are."""

    anonymizer: Anonymizer
    name: StageName
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        anonymizer, originals = fitted(self.anonymizer, reads, ctx.device), self.source.shown(reads).originals
        shape = (sum(len(split.images) for split in originals.values()), *originals["train"].images.shape[1:])
        with ArrayWriter(folder / IMAGES_FILE, shape) as writer:
            for split, part in originals.items():
                write_release(anonymizer, part.images, replace(ctx, stage=f"{self.name} of {split}"), writer)


def fitted(anonymizer: Anonymizer, reads: Reads, device: torch.device) -> Anonymizer:
    """An instance that knows what was learnt and has done nothing yet."""
    made = anonymizer.anew()
    made.load_state(load_state(reads[ANONYMIZER]), device)
    return made


@torch.no_grad()
def write_release(anonymizer: Anonymizer, images: np.ndarray, ctx: Context, writer: ArrayWriter) -> None:
    """Anonymizes every image once and writes it with 8 bits.

    Shape: (N, 1, H, W), uint8.

    Raises:
        PrivbenchError: the anonymizer changed the shape, returned values that are not in [0, 1], or is declared
            deterministic and is not.
    """
    pixels = Pixels(images, ctx.device)
    generator = ctx.torch_generator("noise")
    with ctx.progress.task("anonymizing", total=len(images)) as advance:
        for rows in torch.arange(len(images)).split(_BATCH):
            batch = pixels[rows]
            released = anonymizer.anonymize(batch, generator).float()
            _check(anonymizer, batch, released)
            if anonymizer.deterministic and rows[0] == 0:
                _check_determinism(anonymizer, batch, released)
            writer.append((released.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy())
            advance(len(rows))


def _check(anonymizer: Anonymizer, images: torch.Tensor, released: torch.Tensor) -> None:
    if released.shape != images.shape:
        raise PrivbenchError(
            f"The anonymizer {anonymizer.name!r} turned images of shape {tuple(images.shape)} into "
            f"{tuple(released.shape)}: it must keep the shape."
        )
    low, high = float(released.min()), float(released.max())
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):  # NaN fails as well
        raise PrivbenchError(
            f"The anonymizer {anonymizer.name!r} returned values from {low:g} to {high:g}: they must lie in [0, 1]."
        )


def _check_determinism(anonymizer: Anonymizer, images: torch.Tensor, released: torch.Tensor) -> None:
    """Anonymizes the images again, the first half of them among others: a release hangs on its original alone."""
    half = (len(images) + 1) // 2
    others = torch.cat([images[:half], 1 - images[half:]])
    for batch, what in ((images, "in two ways"), (others, "by what else is in its batch")):
        again = anonymizer.anonymize(batch, torch.Generator().manual_seed(1)).float()[:half]
        if (again - released[:half]).abs().max() > _TOLERANCE:
            raise PrivbenchError(
                f"The anonymizer {anonymizer.name!r} is declared deterministic and anonymizes an image {what}: "
                "let nothing but the image decide, or declare deterministic = False and draw noise from the generator."
            )
