"""The base of everything that a user may set."""

from __future__ import annotations

from math import isfinite
from typing import Any

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """The parameters of a plugin, or a part of a protocol: frozen, validated, and closed to unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def is_plain(value: Any) -> bool:
    """Whether a record can tell it as it is: a text, a finite number, a truth value, or None."""
    return value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and isfinite(value))
