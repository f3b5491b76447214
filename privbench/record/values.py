"""What all records of a run are made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(Record):
    """A confidence interval and how it was made."""

    low: float
    high: float
    confidence: float
    method: str
    resamples: int


class Counts(Record):
    """What a metric was computed from.

    The effective number of patients is how many of equal size would tell as much (Kish); None in runs of old schemas.
    """

    patients: int
    images: int
    pairs: int | None = None
    mated: int | None = None
    effective_patients: float | None = None
