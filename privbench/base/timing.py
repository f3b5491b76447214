"""Where the time of a stage goes, as its manifest tells it: of its trainings, and of the images that it decodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class EpochTime(BaseModel):
    """An epoch of a training: what its parts took, by name, and what its steps computed and moved.

    `seconds` are those of the processor, and together those of the clock: where it gave work to a device, what it took
    to give it, and `waiting` what it waited for the device to end. `device_seconds` are those between the marks in the
    device's own queue, None where there is none. They are the same time, told once more: what the device did of each
    part, with what it was idle for meanwhile. It is idle once it has caught up, so such a gap counts to the part that
    the processor was in.

    `flops` counts products and convolutions, forward and backward; `optimizer_bytes` what the optimizers have to read
    and write at least. Both are those of one step, as often as there were steps; None where nothing was counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    training: str
    epoch: int
    steps: int
    seconds: dict[str, float]
    device_seconds: dict[str, float] | None = None
    flops: float | None = None
    optimizer_bytes: float | None = None


class Decoding(BaseModel):
    """Images that were read from files: how many, of how many pixels in all, and by so many helpers at a time.

    `seconds` are those of the clock, from the first image to the last: with the reading of the files, of masks that
    belong to them, and with whatever was done with the images meanwhile.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: int
    pixels: int
    helpers: int
    seconds: float


class Timing(NamedTuple):
    """What a stage tells of its time: of each epoch that it trained, and of what it decoded, if it did."""

    trainings: tuple[EpochTime, ...] = ()
    decoding: Decoding | None = None


def added(parts: Sequence[Decoding]) -> Decoding | None:
    """Those that were decoded one part after the other, as one; None of nothing."""
    if not parts:
        return None
    return Decoding(
        images=sum(one.images for one in parts),
        pixels=sum(one.pixels for one in parts),
        helpers=max(one.helpers for one in parts),
        seconds=round(sum(one.seconds for one in parts), 4),
    )
