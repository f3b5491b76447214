"""Modes of a utility task: which images its model learns from, and which it is shown."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .kinds import Kind

Mode = Literal["frozen", "retrained-transfer", "retrained-release"]


class ModeKinds(NamedTuple):
    """The kinds of images that a mode trains on and tests on."""

    train: Kind
    test: Kind


MODES: dict[Mode, ModeKinds] = {
    # the paper's: a model that was there before reads the release
    "frozen": ModeKinds(Kind.ORIGINAL, Kind.ANONYMIZED),
    # what a user of the published data gets: trained on it, used on patients
    "retrained-transfer": ModeKinds(Kind.ANONYMIZED, Kind.ORIGINAL),
    # what can be learnt about the release from the release
    "retrained-release": ModeKinds(Kind.ANONYMIZED, Kind.ANONYMIZED),
}
ORIGINALS = ModeKinds(Kind.ORIGINAL, Kind.ORIGINAL)


def kinds_of(mode: str) -> ModeKinds:
    """Those of a mode; of the control, which is none of them, originals alone."""
    return next((kinds for name, kinds in MODES.items() if name == mode), ORIGINALS)
