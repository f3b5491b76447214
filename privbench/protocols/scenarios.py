"""What an attacker knows and does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .kinds import Compared

FLOOR = "(floor)"
"""Whose scores are those of the attack that needs no training; no attack of a protocol can be called so."""

Scenario = Literal["ignorant", "paper", "informed", "linked-releases"]


@dataclass(frozen=True)
class Threat:
    """What the attacker trains on and what the trained attack is tested on."""

    train: Compared
    test: Compared
    knows: str


_ORIGINALS, _RELEASES, _ACROSS = Compared.ORIGINALS, Compared.RELEASES, Compared.ACROSS

SCENARIOS: dict[Scenario, Threat] = {  # from the attacker who knows least to the one who knows most; another goal last
    "ignorant": Threat(_ORIGINALS, _ACROSS, "identified originals, and not that the release is anonymized"),
    "paper": Threat(_RELEASES, _ACROSS, "which released images show the same patient"),
    "informed": Threat(
        _ACROSS, _ACROSS, "releases of images that the attacker holds, as anyone does who has the anonymizer"
    ),
    "linked-releases": Threat(_RELEASES, _RELEASES, "as in paper, and links released images with one another"),
}
_CONTROL = Threat(_ORIGINALS, _ORIGINALS, "identified originals, and nothing else exists")


def threat_of(scenario: str) -> Threat:
    """That of a scenario; of the control, which is none of them, originals alone."""
    return next((threat for name, threat in SCENARIOS.items() if name == scenario), _CONTROL)
