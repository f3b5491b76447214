"""What makes two runs incomparable: the terms that their fingerprints hash, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base.errors import PrivbenchError
from ..protocols.schema import builtin_protocols, load_protocol, without_places
from ..record.run import RunRecord

_WORDS = ("name", "version", "description", "anonymizers")
"""Fields of a protocol that are no part of the fingerprint."""


def differences(first: Mapping[str, Any], second: Mapping[str, Any], data: tuple[str, str] | None = None) -> list[str]:
    """Every field in which two runs' terms differ, such as `protocol.seed: 0 / 1`; what is missing shows as –.

    Args:
        first: the terms of one run.
        second: those of the other.
        data: the digests of the data that they read.
    """
    one, other = dict(_flat(first)), dict(_flat(second))
    told = [
        f"{field}: {_short(one.get(field))} / {_short(other.get(field))}"
        for field in dict.fromkeys([*one, *other])
        if one.get(field) != other.get(field)
    ]
    if data is not None and data[0] != data[1]:
        told.append(f"the images and labels: digest {data[0][:12]} / {data[1][:12]}")
    return told


def terms_of(record: RunRecord) -> Mapping[str, Any]:
    """The terms of a run; what an older privbench told of them, where it recorded none."""
    return record.terms or {"protocol": {key: value for key, value in record.protocol.items() if key not in _WORDS}}


def differences_of(one: RunRecord, other: RunRecord) -> list[str]:
    """Every field in which the terms and the data of two runs differ."""
    return differences(terms_of(one), terms_of(other), (one.data_digest, other.data_digest))


def changed_of_builtin(record: RunRecord) -> list[str] | None:
    """Every field in which a run's protocol is not the one that comes with privbench under that name, beside its data.

    None where none does: who makes a protocol may call it as he likes.
    """
    name = record.protocol["name"]
    if name not in builtin_protocols():
        return None
    builtin = without_places(load_protocol(name).model_dump(mode="json"))
    one, other = (
        {section: value for section, value in told.items() if section not in (*_WORDS, "data")}
        for told in (builtin, without_places(record.protocol))
    )
    return differences(one, other)


def require_same(one: RunRecord, other: RunRecord) -> None:
    """Raises PrivbenchError, which names the first differences, unless the two runs share their fingerprint."""
    if one.fingerprint != other.fingerprint:
        told = differences_of(one, other)
        named = "; ".join(told[:3]) or "the version of privbench that made them"
        more = f" and {len(told) - 3} more" if len(told) > 3 else ""
        raise PrivbenchError(
            f"{one.label} and {other.label} cannot be compared, their fingerprints differ ({named}{more}): "
            "run both alike."
        )


def _flat(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(values, Mapping) and values:
        for key, value in values.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(values, list | tuple) and values:
        for number, value in enumerate(values):
            yield from _flat(value, f"{path}[{number}]")
    else:
        yield path, values


def _short(value: Any) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"
