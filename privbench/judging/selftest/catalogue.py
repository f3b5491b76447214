"""Every anonymizer of the self-test, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass

from ...plugins.interfaces import Anonymizer
from ...protocols.schema import Protocol
from .eraser import Eraser
from .removers import Constant, MeanOfPatients, NewPatient, Noise, Surrogate
from .traps.drawn import Drawn
from .traps.geometry import GEOMETRY
from .traps.grey_values import GREY_VALUES
from .traps.hiding_places import HIDING_PLACES
from .traps.per_image import PER_IMAGE
from .traps.transforms import TRANSFORMS

HIDES, REMOVES = "hides", "removes"

PLAIN_SIGHT: tuple[type[Drawn], ...] = (*GEOMETRY, *GREY_VALUES, *TRANSFORMS, *PER_IMAGE, *HIDING_PLACES)
"""Whoever knows what they do undoes it."""


@dataclass(frozen=True)
class Trap:
    """An anonymizer with its truth.

    `copies` tells that what it releases are (nearly) other patients' originals: their privacy is lost, whatever
    becomes of the patient's.
    """

    anonymizer: Anonymizer
    truth: str
    copies: bool = False


def traps(protocol: Protocol, draw: int = 0) -> list[Trap]:
    """All of them; `draw` seeds what those do that hide identity in plain sight."""
    classifier = protocol.guidance.classifier.model_dump()
    hiders = [*(trap(seed=draw) for trap in PLAIN_SIGHT), Eraser(classifier=classifier)]
    removers = [Constant(), Noise(), MeanOfPatients(), NewPatient()]
    return [
        *(Trap(hider, HIDES, copies=type(hider) in HIDING_PLACES) for hider in hiders),
        *(Trap(remover, REMOVES) for remover in removers),
        Trap(Surrogate(classifier=classifier), REMOVES, copies=True),
    ]
