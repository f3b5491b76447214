"""JSON of strangers, without what Python's reader lets pass."""

from __future__ import annotations

import json
from typing import Any

_DEEPEST = 50  # levels: more than any record has, and few enough for whoever walks through them


def parse(text: str | bytes) -> Any:
    """The value that stands there.

    Raises ValueError, which says why, where there is none: a key that stands twice, of which one would win, a number
    that is none (NaN, Infinity, or too large), half a character, or more nesting than anybody writes.
    """
    try:
        value = json.loads(text, object_pairs_hook=_each_once, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _is_deeper(value, _DEEPEST):
        raise ValueError("it is nested too deeply")
    json.dumps(value, ensure_ascii=False).encode()  # which halves of characters do not survive
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"{key!r} stands twice in it")
        values[key] = value
    return values


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large for a number")
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    below = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in below)
