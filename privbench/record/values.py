"""What all records of a run are made of."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..base.files import digest_of

ROUNDING = 1e-9  # sums of shares go beyond their ends by so much

Share = Annotated[float, Field(ge=-ROUNDING, le=1 + ROUNDING, allow_inf_nan=False)]
"""From 0 to 1: a rate, an AUC, a p-value."""
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Of something that can be none, and not less."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class Record(BaseModel):
    """Frozen, and closed to fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sealed(Record):
    """A record with the field `digest`, of all else that it tells."""

    def own_digest(self) -> str:
        """The digest that belongs to all else it tells."""
        return digest_of(self.model_dump(mode="json", exclude={"digest"}))

    def sealed(self) -> Self:
        """The same with the digest that belongs to it."""
        return self.model_copy(update={"digest": self.own_digest()})


class Interval(Record):
    """A confidence interval and how it was made."""

    low: float
    high: float
    confidence: float = Field(gt=0, lt=1)
    method: str
    resamples: Count

    @model_validator(mode="after")
    def _upright(self) -> Self:
        if not self.low <= self.high:
            raise ValueError(f"the interval ends at {self.high}, below {self.low}, where it begins")
        return self


class Counts(Record):
    """What a metric was computed from.

    The effective number of patients is how many of equal size would tell as much (Kish); None in runs of old schemas.
    """

    patients: Count
    images: Count
    pairs: Count | None = None
    mated: Count | None = None
    effective_patients: Amount | None = None
