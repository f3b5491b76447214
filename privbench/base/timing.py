"""Where the time of a training goes, as a stage's manifest tells it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class EpochTime(BaseModel):
    """An epoch of a training: what its parts took, by name, and the floating-point operations of its steps.

    `seconds` are those of the processor: where it gave work to a device, what it took to give it, and `waiting` what it
    waited for the device to end. `device_seconds` are those between the marks in the device's own queue, None where
    there is none; gaps in which it had nothing to do count to the part that came next. `flops` counts products and
    convolutions, forward and backward, of the first step, as often as there were steps; None where it was not counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    training: str
    epoch: int
    steps: int
    seconds: dict[str, float]
    device_seconds: dict[str, float] | None = None
    flops: float | None = None
