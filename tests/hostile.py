"""What a stranger may write into the texts of a run, to lead people or programs astray."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from records import record, risk, with_modes, with_risk

from privbench.record.attack import InferenceResult
from privbench.record.run import RunRecord

TEXTS = (
    "\x1b[2J\x1b[1;31mall is well\x1b[0m",
    "\x1b]0;title\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "erased\r\x1b[Keverything holds",
    "two\nlines\tand\x0bmore\x85\u2028here",
    "nul\x00 bell\x07 back\x08\x08 \x9b31m",
    "turned \u202eround\u202c and \u2066isolated\u2069 \u200b\ufeff",
    "none \uffff \ufdd0 \U0001ffff",
    "=1+cmd|' /C calc'!A0",
    " +1",
    "-2",
    "@SUM(1)",
    "\t=1",
    "<script>alert(1)</script>",
    "a | b\\| c \\",
    "`code` **strong** _low_ ~~gone~~ $math$ # head",
    "[link](http://evil.example) ![seen](http://evil.example) [ref]: http://evil.example",
    "&lt;b&gt; ]]> --> \"'",
    "[bold red]markup[/] :skull: {braces} %s",
    "プライバシー保護ネットワーク",
    "",
)
_CLOSED = {"verdict", "of", "metric", "mode"}  # fields that hold one of a few words
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def run_of(text: str) -> RunRecord:
    """A run with that text wherever a record holds one, but for the words of the protocol that are read."""
    attribute = InferenceResult.model_validate(
        {"name": "a", "version": "1", "scenario": "informed", "attribute": "sex", "metric": "auc", "value": 0.7}
        | {"interval": record("a", 0.8, 0.7).worst_case.interval, "original": 0.8, "base_rate": 0.5}
        | {"change": None}
        | {"counts": record("a", 0.8, 0.7).utility.counts}
    )
    run = with_risk(with_modes(record("a", 0.8, 0.7, params={"b": "x"}, warnings=["x"])), risk())
    values = run.model_copy(update={"inferences": [attribute]}).model_dump(mode="json")
    protocol = values["protocol"] | {"name": text, "description": text}
    told = _told({key: value for key, value in values.items() if key not in ("protocol", "files", "terms")}, text)
    fixed = {"protocol": protocol | {"data": protocol["data"] | {"dataset": text}}, "terms": values["terms"]}
    open_ = {name: {text: text} for name in ("versions", "device")}
    method = {"name": text, "given": ["b"], "params": {"b": text, text: text}}
    return RunRecord.model_validate(
        values | told | fixed | open_ | {"anonymizer": told["anonymizer"] | method, "files": {text: text}}
    )


def _told(values: Any, text: str) -> Any:
    if isinstance(values, dict):
        return {key: value if key in _CLOSED else _told(value, text) for key, value in values.items()}
    if isinstance(values, list):
        return [_told(value, text) for value in values]
    return text if isinstance(values, str) else values


def obeyed(printed: str) -> set[str]:
    """The characters that a terminal would obey, beside line breaks and the styles of rich."""
    return {c for c in _STYLE.sub("", printed) if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")}
