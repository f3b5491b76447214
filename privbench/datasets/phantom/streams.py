"""Independent random streams, one for each (seed, patient, visit, purpose)."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """Purposes; what is drawn for one never shifts what is drawn for another."""

    PERSON = 1
    ANATOMY = 2
    DISEASE = 3
    CHRONIC_SITE = 4
    ACUTE_SITE = 5
    VISIT = 6
    NOISE = 7
    SCANNER = 8


def stream(seed: int, patient: int, visit: int, purpose: Stream) -> np.random.Generator:
    """Generator for one purpose; patient-level purposes pass visit 0.

    The key always has four words: numpy pads keys with zeros, so keys of unequal length could collide.
    """
    return np.random.default_rng([seed, patient, visit, int(purpose)])
