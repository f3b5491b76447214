"""Modes of a utility task: which images its model learns from, and which it is shown."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Images(NamedTuple):
    """Kinds of images: O original, A anonymized."""

    train: str
    test: str


Mode = Literal["frozen", "retrained-transfer", "retrained-release"]

MODES: dict[Mode, Images] = {
    "frozen": Images("O", "A"),  # the paper's: a model that was there before reads the release
    "retrained-transfer": Images("A", "O"),  # what a user of the published data gets: trained on it, used on patients
    "retrained-release": Images("A", "A"),  # what can be learnt about the release from the release
}


def images_of(mode: str) -> Images:
    """Those of a mode; of the control, which is none of them, originals alone."""
    return MODES.get(mode, Images("O", "O"))  # type: ignore[call-overload]
