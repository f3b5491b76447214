"""Turns what the command line does not know into parameters of the anonymizer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..base.errors import PrivbenchError, nearest
from ..base.params import Params
from ..protocols.schema import parse_value


def parse_params(arguments: Sequence[str], params: type[Params], method: str, options: Iterable[str]) -> dict[str, Any]:
    """`--mu 0.005 --epochs=3` as parameters of the method.

    Args:
        arguments: what the command's own options left over.
        params: the method's parameters.
        method: its name, for messages.
        options: the command's own option names, to suggest where one was mistyped.

    Raises:
        PrivbenchError: an unknown parameter, one given twice, or one without a value.
    """
    known = {f"--{field.replace('_', '-')}": field for field in params.model_fields}
    if shared := known.keys() & set(options):
        raise PrivbenchError(f"{method} has a parameter {min(shared)}, an option of privbench run itself: rename it.")
    values: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        option, has_value, value = rest.pop(0).partition("=")
        if not option.startswith("--"):
            raise PrivbenchError(f"{option!r} belongs to no option: every parameter is written --name value.")
        field = known.get(option.replace("_", "-"))
        if field is None:
            raise PrivbenchError(
                f"There is no option {option}, of the command or of {method}: {nearest(option, {*known, *options})}"
            )
        if field in values:
            raise PrivbenchError(f"{option} is given twice: keep one.")
        if not has_value:
            if not rest:
                raise PrivbenchError(f"{option} needs a value.")
            value = rest.pop(0)
        values[field] = parse_value(value)
    return values


def describe_params(params: type[Params], prefix: str) -> list[tuple[str, str, str]]:
    """Option (the prefix and the name), default and help text with the bounds, for each parameter."""
    rows = []
    for name, field in params.model_fields.items():
        bounds = [
            f"{sign} {getattr(rule, attribute)}"
            for rule in field.metadata
            for attribute, sign in (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
            if getattr(rule, attribute, None) is not None
        ]
        text = field.description or ""
        default = "required" if field.is_required() else str(field.default)
        option = prefix + (name.replace("_", "-") if prefix == "--" else name)
        rows.append((option, default, f"{text} ({', '.join(bounds)})" if bounds else text))
    return rows
