"""Example images of a run: what a reader sees of an anonymizer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from ..base.errors import PrivbenchError

FILE = "gallery.safetensors"


@dataclass(frozen=True)
class Examples:
    """Originals and what was released of them; where the method deforms, how far each pixel was moved, in pixels.

    Shape: originals and released (n, 1, H, W), uint8; displacement (n, 2, H, W), float32, along x and along y.
    """

    originals: np.ndarray
    released: np.ndarray
    displacement: np.ndarray | None


def write_examples(examples: Examples, path: Path) -> None:
    """Writes them as safetensors."""
    tensors = {name: np.ascontiguousarray(value) for name, value in vars(examples).items() if value is not None}
    path.write_bytes(save(tensors))


def read_examples(path: Path) -> Examples:
    """The examples that `write_examples` wrote. Raises PrivbenchError where there are none that belong together."""
    try:
        tensors = load_file(path)
        originals, released = tensors["originals"], tensors["released"]
        displacement = tensors.get("displacement")
    except (OSError, SafetensorError, KeyError) as error:
        raise PrivbenchError(f"{path} cannot be read ({error}): run it again with --overwrite.") from error
    fits = originals.ndim == 4 and originals.shape[1] == 1 and min(originals.shape[2:]) > 1
    fits = fits and released.shape == originals.shape and originals.dtype == released.dtype == np.uint8
    if not fits or (displacement is not None and displacement.shape != (len(originals), 2, *originals.shape[2:])):
        raise PrivbenchError(f"{path} holds pictures that do not belong together: run it again with --overwrite.")
    return Examples(originals, released, displacement)
