"""Does a baseline hold? It is what privbench wrote, and was made under the protocol that stands beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from ..base.errors import PrivbenchError
from ..base.files import read_text
from ..protocols.schema import builtin_protocols, fingerprint_of, load_protocol
from ..running.stage_names import VERSIONS
from .baseline import parse_baseline
from .terms import differences

_TOLD = 3


def verify_baseline(path: Path, protocol: str | None = None) -> Iterator[str]:
    """Everything in the file of a baseline that does not hold, one sentence each; nothing is run for it.

    That whoever forged a figure made its digest anew is not seen: nothing is signed.

    Args:
        path: the file.
        protocol: the name or the file of the protocol; else the one beside the baseline that has its protocol's name,
            or the built-in one.

    Raises:
        PrivbenchError: the file is no baseline, or its protocol is not found or not valid.
    """
    baseline = parse_baseline(path)
    if baseline.digest != baseline.own_digest():
        yield "it was changed since privbench wrote it, by hand or where versions were merged: make it anew"
    if fingerprint_of(baseline.terms, baseline.data_digest) != baseline.fingerprint:
        yield "its fingerprint is not that of its terms and its data's digest: make it anew"
    name = protocol or _protocol_beside(path, baseline.protocol)
    told = differences(
        {"protocol": baseline.terms.get("protocol"), "stages": baseline.terms.get("stages")},
        {"protocol": load_protocol(name).fixed(), "stages": VERSIONS},
    )
    if told:
        more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
        yield (
            f"it was made under another protocol than {name}, or by another version of privbench "
            f"({'; '.join(told[:_TOLD])}{more}): make it anew"
        )


def _protocol_beside(path: Path, name: str) -> str:
    """The file beside a baseline that tells the protocol of that name, or the name of a built-in one.

    Raises PrivbenchError where there is none, or more than one.
    """
    beside = [file for file in sorted(path.parent.glob("*.toml")) if _named(file) == name]
    if len(beside) > 1:
        raise PrivbenchError(
            f"Several protocols beside {path} are called {name} ({', '.join(file.name for file in beside)}): name one "
            "with --protocol."
        )
    if beside:
        return str(beside[0])
    if name in builtin_protocols():
        return name
    raise PrivbenchError(
        f"{path} was made under the protocol {name}, which does not stand beside it: name its file with --protocol."
    )


def _named(file: Path) -> object:
    """What a TOML file says it is called; None where it says nothing, or is none."""
    try:
        return tomllib.loads(read_text(file, "check its path")).get("name")
    except (PrivbenchError, tomllib.TOMLDecodeError):
        return None
