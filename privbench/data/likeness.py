"""Images that stand more than once in a data set, and images without content, found while they are written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ..base.errors import PrivbenchError
from .notices import SHOWN, Notice

_MOST = 0.01
"""The share of images up to which they are told and no reason to stop: a slip of an archive, and no other data."""
_NAMED = 3


class Likeness:
    """Takes images one after the other, and says which are copies of an earlier one, and which are blank.

    A copy beside its original makes a mated pair of one radiograph, which any attack links, or a stranger's pair that
    none can tell apart: both spoil the figures. `copies` holds pairs, the earlier one first, `blank` names.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, str] = {}
        self._count = 0
        self.copies: list[tuple[str, str]] = []
        self.blank: list[str] = []

    def add(self, images: np.ndarray, names: Sequence[str]) -> None:
        """Looks at the next images. Shape: (n, 1, H, W), uint8; n names."""
        for image, name in zip(images, names, strict=True):
            if image.min() == image.max():
                self.blank.append(name)
                continue
            first = self._seen.setdefault(hashlib.blake2b(image.tobytes(), digest_size=16).digest(), name)
            if first != name:
                self.copies.append((first, name))
        self._count += len(images)

    def judge(self) -> list[Notice]:
        """What was found; raises PrivbenchError, naming some, where it is more than 1 % of the images."""
        copies = [f"{one} = {other}" for one, other in self.copies]
        return [
            *self._judged(copies, "copies of others, to the pixel", "list each radiograph once"),
            *self._judged(self.blank, "blank, of one grey value", "remove them, or export them again"),
        ]

    def _judged(self, found: list[str], what: str, remedy: str) -> list[Notice]:
        if not found:
            return []
        text = f"{len(found)} of {self._count} images are {what}"
        if len(found) > _MOST * self._count:
            raise PrivbenchError(f"{text}, such as {', '.join(found[:_NAMED])}: {remedy}.")
        return [Notice(text, tuple(found[:SHOWN]))]
