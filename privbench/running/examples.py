"""Example images of a run: what a reader sees of an anonymizer, chosen by a rule and by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

from ..data.splits import Split
from ..learning.context import Pixels
from ..plugins.interfaces import Anonymizer

_IMAGES = 8


@dataclass(frozen=True)
class Examples:
    """Originals and what was released of them; where the method deforms, how far each pixel was moved, in pixels.

    Shape: originals and released (n, 1, H, W), uint8; displacement (n, 2, H, W), float32, along x and along y.
    """

    originals: np.ndarray
    released: np.ndarray
    displacement: np.ndarray | None


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


def write_examples(examples: Examples, path: Path) -> None:
    """Writes them as safetensors."""
    tensors = {name: np.ascontiguousarray(value) for name, value in vars(examples).items() if value is not None}
    path.write_bytes(save(tensors))
