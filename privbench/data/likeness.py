"""Images that stand more than once in a data set, and images without content, found while they are written."""

from __future__ import annotations

import hashlib

import numpy as np

from ..base.errors import PrivbenchError
from .notices import SHOWN, Notice

_MOST = 0.01
"""The share of images up to which they are told and no reason to stop: a slip of an archive, and no other data."""
_NAMED = 3


class Likeness:
    """Takes the images of a table in its order, and says which are copies of an earlier one, and which are blank.

    A copy beside its original makes a mated pair of one radiograph, which any attack links, or a stranger's pair that
    none can tell apart: both spoil the figures.
    """

    def __init__(self, names: list[str]) -> None:
        self._names, self._seen, self._rows = names, dict[bytes, int](), 0
        self._copies: list[tuple[str, str]] = []
        self._blank: list[str] = []

    def add(self, images: np.ndarray) -> None:
        """Looks at the next images. Shape: (n, 1, H, W), uint8."""
        for row, image in enumerate(images[: len(self._names) - self._rows], self._rows):
            if image.min() == image.max():
                self._blank.append(self._names[row])
                continue
            first = self._seen.setdefault(hashlib.blake2b(image.tobytes(), digest_size=16).digest(), row)
            if first != row:
                self._copies.append((self._names[first], self._names[row]))
        self._rows += len(images)

    def judge(self) -> list[Notice]:
        """What was found; raises PrivbenchError, naming some, where it is more than 1 % of the images."""
        copies = [f"{one} = {other}" for one, other in self._copies]
        return [
            *self._judged(copies, "copies of others, to the pixel", "list each radiograph once"),
            *self._judged(self._blank, "blank, of one grey value", "remove them, or export them again"),
        ]

    def _judged(self, found: list[str], what: str, remedy: str) -> list[Notice]:
        if not found:
            return []
        text = f"{len(found)} of {len(self._names)} images are {what}"
        if len(found) > _MOST * len(self._names):
            raise PrivbenchError(f"{text}, such as {', '.join(found[:_NAMED])}: {remedy}.")
        return [Notice(text, tuple(found[:SHOWN]))]
