"""The grey that a DICOM header gives to each stored value (PS3.3 C.7.6.3, C.11.1 and C.11.2), as pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

WINDOW_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


class LookUpTable(NamedTuple):
    """The value of each input from `first` on; inputs beyond the ends get those of the ends.

    Shape: entries (n,), unsigned, of so many bits.
    """

    first: int
    entries: np.ndarray
    bits: int

    def looked_up(self, inputs: np.ndarray) -> np.ndarray:
        """Shape: any, numbers, rounded to whole ones, to the same, floats from 0 to 2^bits - 1."""
        places = np.clip(np.rint(inputs) - self.first, 0, len(self.entries) - 1).astype(np.int64)
        return np.minimum(self.entries[places], self.white).astype(float)

    @property
    def white(self) -> float:
        return float(2**self.bits - 1)


class Window(NamedTuple):
    """A window of grey values: its centre, its width, above 1 where it is linear, and one of WINDOW_FUNCTIONS."""

    center: float
    width: float
    function: str

    def windowed(self, inputs: np.ndarray) -> tuple[np.ndarray, float]:
        """Inputs as greys from 0, and which of them is white.

        A linear window counts its greys as the inputs do, so that whole numbers stay whole. Shape: any, floats, twice.
        """
        if self.function == "SIGMOID":
            # 1 / (1 + exp(-4 (x - c) / w)), by a function that does not overflow.
            return (1 + np.tanh(2 * (inputs - self.center) / self.width)) / 2, 1.0
        exact = self.function == "LINEAR_EXACT"
        white = self.width if exact else self.width - 1
        middle = self.center if exact else self.center - 0.5
        return np.clip(inputs - middle + white / 2, 0, white), white


@dataclass(frozen=True)
class GreyRule:
    """What a header says of the grey of its stored values.

    The modality's table, or slope and intercept, come first; then the VOI table or the window, where there is one; and
    without one all values that the stored bits can hold are shown, from black to white.
    """

    bits: int
    signed: bool = False
    inverted: bool = False
    """Whether the lowest value is white (MONOCHROME1)."""
    slope: float = 1.0
    intercept: float = 0.0
    modality: LookUpTable | None = None
    voi: LookUpTable | Window | None = None
    padding: tuple[int, int] | None = None
    """The stored values, from and to, that fill up what was not exposed: they are black."""

    @property
    def stored(self) -> range:
        """All values that the stored bits can hold."""
        half = 2 ** (self.bits - 1)
        return range(-half, half) if self.signed else range(2 * half)

    @property
    def falls(self) -> bool:
        """Whether the highest stored value is shown darker than the lowest, whatever makes it so."""
        greys, _ = replace(self, padding=None).greys()
        return bool(greys[0] > greys[-1])

    def turned(self, places: np.ndarray) -> np.ndarray:
        """Places among the stored values, so that a larger one is shown brighter; or back. Shape: any, int."""
        return len(self.stored) - 1 - places if self.falls else places

    def greys(self) -> tuple[np.ndarray, float]:
        """The grey of each of the stored values in order, from 0 for black on, and which grey is white.

        Shape: (2^bits,), float.
        """
        values = np.array(self.stored, float)
        if self.modality is not None:
            values, lowest, highest = self.modality.looked_up(values), 0.0, self.modality.white
        else:
            values = values * self.slope + self.intercept
            lowest, highest = min(values[0], values[-1]), max(values[0], values[-1])
        if isinstance(self.voi, LookUpTable):
            greys, white = self.voi.looked_up(values), self.voi.white
        elif self.voi is not None:
            greys, white = self.voi.windowed(values)
        else:
            greys, white = values - lowest, float(highest - lowest)
        greys = white - greys if self.inverted else greys
        if self.padding is not None:
            places = np.array(self.stored)
            greys[(places >= self.padding[0]) & (places <= self.padding[1])] = 0
        return greys, white
