"""Kinds of images: what attackers compare, and what utility tasks learn from and are shown."""

from __future__ import annotations

from enum import StrEnum

CONTROL = "control"
"""Original images alone: the scenario that an attack's certificate is based on, the mode that utility is lost from."""


class Kind(StrEnum):
    """What an image is: as it was taken, or as it was released."""

    ORIGINAL = "O"
    ANONYMIZED = "A"


class Compared(StrEnum):
    """The kinds of two images that an attack compares, the probe's first."""

    ORIGINALS = "OO"
    RELEASES = "AA"
    ACROSS = "AO"

    @property
    def probes(self) -> Kind:
        return Kind(self.value[0])

    @property
    def references(self) -> Kind:
        return Kind(self.value[1])
