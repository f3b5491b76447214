"""The base of everything that a user may set."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """The parameters of a plugin, or a part of a protocol: frozen, validated, and closed to unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
