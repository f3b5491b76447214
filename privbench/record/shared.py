"""What a run leaves in the house when it is shared, and its record without it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from .run import RunRecord

PLACEHOLDER = "withheld when the run was shared"
"""Stands in records in the place of a text that is somebody's own."""


class Withheld(StrEnum):
    """What a shared run lacks on purpose; nothing else may be missing."""

    WEIGHTS = "the weights of the anonymizer"
    LOG = "the log"
    OTHERS = "what did not come of the run"
    TEXTS = "texts among the parameters of the data set, of which the fingerprint was made, too"
    DESCRIPTION = "the protocol's description"
    AGES = "exact ages and years between images"
    NAMES = "the names of patients and images, of which their order is left"


def without_texts(record: RunRecord) -> RunRecord:
    """The record without texts that tell of the house: names of columns, values of cells, a protocol's description.

    Numbers and switches stay, and so do names: of the data set, the protocol, attacks, tasks and findings. The
    fingerprint is that of the terms as they were, and can no longer be computed. Of public data nothing is left out.
    """
    if record.public:
        return record
    protocol, terms = _silent(record.protocol), dict(record.terms)
    if "protocol" in terms:
        terms["protocol"] = _silent(terms["protocol"])
    if isinstance(plugins := terms.get("plugins"), list):
        terms["plugins"] = [_own(plugin, record.protocol["data"]["dataset"]) for plugin in plugins]
    if protocol.get("description"):
        protocol["description"] = PLACEHOLDER
    return record.model_copy(update={"protocol": protocol, "terms": terms})


def _silent(protocol: Any) -> Any:
    """A protocol whose section of data tells no texts; the digest of a short list would tell the list."""
    data = protocol.get("data") if isinstance(protocol, dict) else None
    if not isinstance(data, dict):
        return protocol
    listed = {"exclude_file": PLACEHOLDER} if data.get("exclude_file") else {}
    return protocol | {"data": data | {"params": _numbers(data.get("params"))} | listed}


def _own(plugin: Any, dataset: str) -> Any:
    """What the terms say of a plugin, without texts where it is the data set."""
    if not isinstance(plugin, dict) or plugin.get("plugin") != dataset:
        return plugin
    params = _numbers(plugin.get("params"))
    # Digests of what it read, such as the tables that were merged, would let a guess be tested.
    read = {"inputs": PLACEHOLDER} if plugin.get("inputs") and params != plugin.get("params") else {}
    return plugin | {"params": params} | read


def _numbers(params: Any) -> Any:
    """Parameters with a word in the place of whatever holds a text."""
    if not isinstance(params, dict):
        return PLACEHOLDER if _tells(params) else params
    return {name: PLACEHOLDER if _tells(value) else value for name, value in params.items()}


def _tells(value: Any) -> bool:
    """Whether a value holds a text; what is named in a table is one."""
    if isinstance(value, list):
        return any(map(_tells, value))
    return bool(value) if isinstance(value, dict) else isinstance(value, str)
