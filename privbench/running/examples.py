"""The example images of a run, chosen by a rule and by nobody. They stay in the store: originals may be of people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..data.splits import Split
from ..learning.context import Context, Pixels
from ..plugins.interfaces import Anonymizer
from ..record.examples import FILE, Examples, write_examples
from .release import fitted
from .source import Source

if TYPE_CHECKING:
    from ..engine.node import Reads

_IMAGES = 8


def choose_images(test: Split, count: int = _IMAGES) -> np.ndarray:
    """The first image of patients that are spread evenly over the test split.

    Returns the rows. Shape: (at most count,), int.
    """
    first_rows = np.flatnonzero(~test.table["patient"].duplicated().to_numpy())
    return first_rows[np.linspace(0, len(first_rows) - 1, min(count, len(first_rows))).round().astype(int)]


def examples_of(anonymizer: Anonymizer, originals: Split, released: Split, device: torch.device) -> Examples:
    """The examples of a run, from the test split and its release."""
    rows = choose_images(originals)
    images = originals.images[rows]
    moved = anonymizer.displacement(Pixels(images, device)[torch.arange(len(rows))])
    return Examples(images, released.images[rows], None if moved is None else moved.float().cpu().numpy())


@dataclass(frozen=True)
class KeepExamples:
    """Writes the examples of a run into a file."""

    anonymizer: Anonymizer
    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        shown, anonymizer = self.source.shown(reads), fitted(self.anonymizer, reads, ctx.device)
        examples = examples_of(anonymizer, shown.attacked("test"), shown.released("test"), ctx.device)
        write_examples(examples, folder / FILE)
