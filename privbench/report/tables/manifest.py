"""Where figures come from: the protocol and the manifest of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from ...record.run import RunRecord
from ..table import Cell, Column, Rows, Table, number, pairs, text
from .weights import weights_table


def protocol(record: RunRecord) -> Table:
    """Every field of the protocol, its sections as groups."""
    plain = [(name, _written(value)) for name, value in record.protocol.items() if not isinstance(value, Mapping)]
    sections = [
        (name, list(_fields(value))) for name, value in record.protocol.items() if isinstance(value, Mapping) and value
    ]
    caption = f"Protocol {record.protocol['name']}: every field"
    return pairs(caption, ("field", "value"), [(None, plain), *sections])


def _fields(values: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, f"{above}{name} · ")
        else:
            yield f"{above}{name}", _written(value)


def _written(value: object) -> str:
    """A value as people write it: words without quotes, nothing as a dash."""
    if value is None or value in ({}, []):
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def manifest(record: RunRecord) -> Sequence[Table]:
    """What a run was made with, what it cost, and what lies in its folder."""
    method, git = record.anonymizer, record.git
    identity = [
        ("made", record.created),
        ("anonymizer", f"{method.name}, version {method.version}"),
        ("its code", method.code),
        ("deterministic", {True: "yes", False: "no", None: "not known"}[method.deterministic]),
        ("fingerprint", record.fingerprint),
        ("data digest", record.data_digest),
        ("run key", record.key),
        ("commit", "not from a checkout" if git is None else git.commit + (" (modified)" if git.modified else "")),
    ]
    params = [(name + (" (given)" if name in method.given else ""), value) for name, value in _fields(method.params)]
    tables = [
        pairs(
            "Origin", ("item", "value"),
            [(None, identity), ("parameters", params), ("device", record.device.items()),
             ("versions", record.versions.items())],
        )
    ]  # fmt: skip
    if (brought := weights_table(record)) is not None:
        tables.append(brought)
    if record.stages:
        tables.append(_stages(record))
    if record.files:
        tables.append(pairs("Files of the run folder", ("file", "SHA-256"), [(None, record.files.items())]))
    return tables


def _stages(record: RunRecord) -> Table:
    columns = [Column("stage", number=False), Column("seconds"), Column("peak memory, MiB")]
    columns += [Column("from the store", number=False), Column("key", number=False)]
    rows = [
        [text(stage.name), number(stage.seconds, 1), number(stage.peak_memory_mib, 0),
         text("yes" if stage.cached else "no"), text(stage.key[:12])]
        for stage in record.stages
    ]  # fmt: skip
    total = sum(stage.seconds for stage in record.stages)
    rows.append([Cell("all stages"), number(total, 1), Cell(""), Cell(""), Cell("")])
    return Table("Cost of the stages; a stored one tells what it cost when it was made", columns, [Rows(rows)])
