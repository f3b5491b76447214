"""What an attacker knows and does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scenario = Literal["ignorant", "paper", "informed", "linked-releases"]
Images = Literal["OO", "AA", "AO"]
"""Which images are compared, probe first: O original, A anonymized."""


@dataclass(frozen=True)
class Threat:
    """What the attacker trains on and what the trained attack is tested on."""

    train: Images
    test: Images
    knows: str


SCENARIOS: dict[Scenario, Threat] = {  # from the attacker who knows least to the one who knows most; another goal last
    "ignorant": Threat("OO", "AO", "identified originals, and not that the release is anonymized"),
    "paper": Threat("AA", "AO", "which released images show the same patient"),
    "informed": Threat("AO", "AO", "releases of images that the attacker holds, as anyone does who has the anonymizer"),
    "linked-releases": Threat("AA", "AA", "as in paper, and links released images with one another"),
}
