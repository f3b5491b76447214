"""Galleries: the images that an attack compares, and what it may know of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .pairs import Pairs
from .patients import patient_codes
from .visits import visit_codes


@dataclass(frozen=True)
class Gallery:
    """The images that an attack compares, and nothing about who is on them.

    Shape: probes and references (N, 1, H, W), uint8. Row i of both is the same radiograph, anonymized or original
    as the scenario says. `releases` are further independent releases of the probes, as many as the attack asked for.
    """

    probes: np.ndarray
    references: np.ndarray
    releases: tuple[np.ndarray, ...] = ()

    def rows(self, rows: np.ndarray) -> Gallery:
        """Those rows alone, in that order, and nothing about who is on them. Shape: (n,), int, to n rows.

        Probes that are the references stay one array, by which an attack sees that it need not look at both.
        """
        probes = self.probes[rows]
        references = probes if self.probes is self.references else self.references[rows]
        return Gallery(probes, references, tuple(release[rows] for release in self.releases))


@dataclass(frozen=True)
class KnownGallery(Gallery):
    """A gallery whose patients the attacker knows: what an attack is trained and selected on.

    `pairs` are verification pairs of its rows; `table` has the columns image, patient, study, follow_up, age,
    sex and view, of which all but the first two may be unknown.
    """

    pairs: Pairs = field(kw_only=True)
    table: pd.DataFrame = field(kw_only=True)

    @property
    def patients(self) -> np.ndarray:
        """Of each row the place of its patient among the sorted ones. Shape: (N,), int64."""
        return patient_codes(self.table["patient"])

    @property
    def visits(self) -> np.ndarray:
        """Of each row a number that those of the same visit of a patient share. Shape: (N,), int64."""
        return visit_codes(self.table)
