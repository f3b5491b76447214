"""The release: the anonymized data set as a publisher would ship it, 8-bit images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..base.errors import PrivbenchError
from ..data.arrays import ArrayWriter, read_array
from ..data.splits import SPLITS, Split, pairs_digests
from ..learning.context import Context, Pixels
from ..learning.states import load_state
from ..plugins.interfaces import Anonymizer
from .fitting import fitting
from .stage_names import ANONYMIZER, CLASSIFIER, DATA, RELEASE, VERIFIER, StageName

if TYPE_CHECKING:
    from ..learning.guidance import Guidance
    from .stages import Stages

_BATCH = 256
_TOLERANCE = 1e-4  # rounding may leave [0, 1] by this much; 8 bits do not see it


Fitted = Callable[[], Anonymizer]
"""Makes an instance that knows what was learnt and has done nothing yet."""


def fit_anonymizer(stages: Stages, anonymizer: Anonymizer, splits: Mapping[str, Split], guidance: Guidance) -> Fitted:
    """Fits the anonymizer, where no earlier run did."""
    config = anonymizer.terms() | pairs_digests(splits, "train", "val")
    inputs = [DATA, CLASSIFIER, VERIFIER]
    stage = stages.make(ANONYMIZER, config, inputs, fitting(anonymizer, splits, guidance), [anonymizer])

    def fitted() -> Anonymizer:
        made = anonymizer.anew()
        made.load_state(load_state(stage.folder), stages.device)
        return made

    return fitted


def draw_release(
    stages: Stages, fitted: Fitted, splits: Mapping[str, Split], name: StageName = RELEASE
) -> dict[str, np.ndarray]:
    """The released images of every split. Shape: (N, 1, H, W), uint8."""
    anonymizer = fitted()

    def produce(folder: Path, ctx: Context) -> None:
        for split in SPLITS:
            images = splits[split].images
            with ArrayWriter(folder / f"{split}.npy", images.shape) as writer:
                write_release(anonymizer, images, replace(ctx, stage=f"{name} of {split}"), writer)

    config = anonymizer.terms() | {"number": name.number or 0}
    stage = stages.make(name, config, [DATA, ANONYMIZER], produce, [anonymizer])
    return {split: read_array(stage.folder / f"{split}.npy") for split in SPLITS}


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
