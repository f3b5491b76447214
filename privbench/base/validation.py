"""Checks values against a pydantic model and tells what is wrong in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from .errors import PrivbenchError, nearest

Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], values: Any, where: str) -> Model:
    """The model made of the values by name; raises PrivbenchError naming the first field that does not hold."""
    try:
        return model.model_validate(dict(values) if isinstance(values, Mapping) else values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=True)
        # A field that is mistyped is also missing under its right name; the typing is the mistake.
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise PrivbenchError(
                f"{field!r} is not one of {where}: {nearest(field.split('.')[-1], _siblings(model, first['loc']))}"
            ) from None
        if first["type"] == "missing":
            raise PrivbenchError(f"{field!r} is missing in {where}: give it a value.") from None
        message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        got = "" if first["type"] == "value_error" else f", not {first['input']!r}"
        named = f"{field!r} " if field else ""
        raise PrivbenchError(f"In {where}, {named}{message}{got}.") from None


def told_by(error: ValidationError) -> str:
    """The first field that does not hold, and why, such as `attacks.0.name: Field required`."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def _siblings(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The field names that stand beside an unknown one."""
    kind = model
    for part in location[:-1]:
        if isinstance(part, str) and part in kind.model_fields:
            kind = _model_in(kind.model_fields[part].annotation) or kind
    return list(kind.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, by itself, in a list, in a table by name, or instead of None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)
