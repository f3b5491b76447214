"""Does a run folder hold? Every figure is recomputed from the scores, every digest and term is checked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import PrivbenchError
from ..base.files import sha256
from ..base.validation import validate
from ..evaluate.run import Evaluation, evaluate, warnings_of
from ..evaluate.unpaired import Provenance, evaluate_unpaired
from ..protocols.schema import Protocol, fingerprint_of, without_places
from ..record.estimates import FILE as ESTIMATES
from ..record.estimates import read_estimates
from ..record.folder import (
    ANONYMIZER,
    ANONYMIZER_STATE,
    COPY_SCORES,
    MEASUREMENTS,
    UTILITY_SCORES,
    files_of,
    read_attack_scores,
    read_unpaired,
)
from ..record.run import FILE, SCHEMA_VERSION, RunRecord, read_run
from ..record.scores import read_scores
from ..record.shared import PLACEHOLDER, Withheld
from ..record.unpaired import UnpairedResult
from ..running.run_folder import MARKER, withheld_from
from .provenance import stages_fit, store_fits
from .verify_scores import scores_hold, unpaired_scores_hold

_TOLERANCE = 1e-6
"""Figures may differ by this much: another machine adds in another order."""


class OldSchema(PrivbenchError):
    """A run recorded too little to be verified, and nothing is known to be wrong with it."""


def verify_run(folder: Path, store: Path | None = None) -> Iterator[str]:
    """Everything in a run folder that does not hold, one sentence each, the most telling first.

    Of a run that was shared, what was left out on purpose is not missed, and all the rest has to hold.

    Args:
        folder: the run's.
        store: the folder of cached stages, to compare with what it still holds of the run's.

    Raises:
        OldSchema: the run is of a schema that recorded too little to be verified.
        PrivbenchError: the folder holds no run, or one that tells to lack what no run may lack.
    """
    record = read_run(folder)
    require_schema(folder)
    withheld = withheld_from(folder)
    yield from _digests(folder, record, withheld)
    try:
        yield from _fingerprint(record, withheld)
        yield from stages_fit(folder, record)
        yield from _anonymizer(folder, record)
        yield from scores_hold(folder) if record.unpaired is None else _of_unpaired(folder, record, record.unpaired)
        evaluation = _evaluated(folder, record)
        yield from _figures(record, evaluation)
        yield from _estimates(folder, evaluation)
        if store is not None:
            yield from store_fits(folder, record, store)
    # What was tampered with may be wrong in any way; whatever reading it raises is the finding.
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        yield f"the run cannot be evaluated ({type(error).__name__}: {error})"
    except PrivbenchError as error:
        yield f"the run cannot be evaluated: {error}"


def require_schema(folder: Path) -> None:
    """Raises OldSchema where a run's record was written in an older one; as they are read, all look alike."""
    if int(json.loads((folder / FILE).read_bytes())["schema_version"]) < SCHEMA_VERSION:
        raise OldSchema(
            f"{folder} was written by an older privbench, which recorded less than is verified: run it again with "
            "--overwrite to verify it."
        )


def _fingerprint(record: RunRecord, withheld: Collection[Withheld]) -> Iterator[str]:
    if record.public and Withheld.TEXTS in withheld:
        yield f"{MARKER}: it tells that texts were withheld, which never are of public data"
    # Terms of which nothing was withheld can be hashed, whatever is told.
    silent = Withheld.TEXTS in withheld and not record.public and f'"{PLACEHOLDER}"' in json.dumps(record.terms)
    if not silent and fingerprint_of(record.terms, record.data_digest) != record.fingerprint:
        yield f"{FILE}: fingerprint is not that of the terms and the data's digest"
    if record.unjudged != record.terms.get("unjudged"):
        yield f"{FILE}: whether privacy was judged is not what the fingerprint was made of"
    # Without places, because the terms hold none; there lists of pairs are digests, and the lists may be elsewhere.
    stated, terms = without_places(record.protocol), without_places(record.terms.get("protocol", {}))
    for section, value in terms.items():
        if stated.get(section) != value:
            yield f"{FILE}: protocol.{section} is not what the fingerprint was made of"


def _anonymizer(folder: Path, record: RunRecord) -> Iterator[str]:
    told = json.loads((folder / ANONYMIZER).read_text(encoding="utf-8"))
    for path, stated, right in _unequal(record.anonymizer.model_dump(mode="json"), told, "anonymizer"):
        yield f"{FILE}: {path} is {_short(stated)}, {ANONYMIZER} says {_short(right)}"


def _digests(folder: Path, record: RunRecord, withheld: Collection[Withheld]) -> Iterator[str]:
    at_home = {ANONYMIZER_STATE} if Withheld.WEIGHTS in withheld else set()
    for name in files_of(record):
        if name not in record.files:
            yield f"{FILE}: the digest of {name} is missing"
    for name, digest in record.files.items():
        file = folder / name
        if not file.is_file():
            if name not in at_home:
                yield f"{name} is missing"
        elif sha256(file) != digest:
            yield f"{name} was changed: its digest is not the one in {FILE}"


def _of_unpaired(folder: Path, record: RunRecord, found: UnpairedResult) -> Iterator[str]:
    stated, terms = found.model_dump(mode="json"), record.terms.get("unpaired", {})
    for name in (one.name for one in fields(Provenance)):
        if name not in terms or terms[name] != stated[name]:
            yield f"{FILE}: unpaired.{name} is not what the fingerprint was made of"
    yield from unpaired_scores_hold(read_unpaired(folder), read_scores(folder / UTILITY_SCORES), found.learnt_from)


def _evaluated(folder: Path, record: RunRecord) -> Evaluation:
    protocol = validate(Protocol, record.protocol, "the run's protocol")
    utility_versions = {one.name: one.version for one in record.utilities}
    utility_versions |= {one.name: one.version for one in record.measurements}
    if (unpaired := record.unpaired) is not None:
        told = Provenance(unpaired.learnt_from, unpaired.assumed, unpaired.labelled, unpaired.test_named)
        readings = read_scores(folder / UTILITY_SCORES)
        return evaluate_unpaired(read_unpaired(folder), readings, protocol, utility_versions, told)
    versions = {result.name: result.version for result in record.attacks}
    versions |= {result.name: result.version for result in record.inferences}
    versions = dict.fromkeys(record.protocol["attacks"], "") | versions  # some have no figure
    return evaluate(
        read_attack_scores(folder),
        read_scores(folder / UTILITY_SCORES),
        read_scores(folder / MEASUREMENTS),
        read_scores(folder / COPY_SCORES),
        protocol,
        versions,
        utility_versions,
    )


def _figures(record: RunRecord, evaluation: Evaluation) -> Iterator[str]:
    recomputed = {
        "worst_case": evaluation.worst_case and evaluation.worst_case.model_dump(mode="json"),
        "attacks": [one.model_dump(mode="json") for one in evaluation.attacks],
        "inferences": [one.model_dump(mode="json") for one in evaluation.inferences],
        "utilities": [one.model_dump(mode="json") for one in evaluation.utilities],
        "measurements": [one.model_dump(mode="json") for one in evaluation.measurements],
        "copies": evaluation.copies and evaluation.copies.model_dump(mode="json"),
        "unpaired": evaluation.unpaired and evaluation.unpaired.model_dump(mode="json"),
    }
    told = record.model_dump(mode="json")
    for section, values in recomputed.items():
        for path, stated, right in _unequal(told[section], values, section):
            yield f"{FILE}: {path} is {_short(stated)}, the scores give {_short(right)}"
    for warning in warnings_of(evaluation.figures):
        if warning not in record.warnings:
            yield f"{FILE}: the warning {warning!r} is missing"


def _estimates(folder: Path, evaluation: Evaluation) -> Iterator[str]:
    stored = read_estimates(folder / ESTIMATES)
    for name in stored.keys() ^ evaluation.estimates.keys():
        yield f"{ESTIMATES}: {name} is {'surplus' if name in stored else 'missing'}"
    for name in stored.keys() & evaluation.estimates.keys():
        own, right = asdict(stored[name]), asdict(evaluation.estimates[name])
        wrong = [key for key, value in right.items() if not _same(own[key], value)]
        if wrong:
            yield f"{ESTIMATES}: {', '.join(wrong)} of {name} are not what the scores give"


def _same(stated: Any, right: Any) -> bool:
    """Whether two fields of an estimate are the same, but for rounding."""
    if stated is None or right is None:
        return stated is right
    one, other = np.asarray(stated, float), np.asarray(right, float)
    return one.shape == other.shape and np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True)


def _unequal(stated: Any, right: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Every leaf that differs, with its path and both values. Items of lists go by what they are called."""
    if isinstance(stated, dict) and isinstance(right, dict) and stated.keys() == right.keys():
        for key in right:
            yield from _unequal(stated[key], right[key], f"{path}.{key}")
    elif isinstance(stated, list) and isinstance(right, list) and len(stated) == len(right):
        for number, (one, other) in enumerate(zip(stated, right, strict=True)):
            yield from _unequal(one, other, f"{path}[{_called(other) or number}]")
    elif isinstance(stated, float | int) and isinstance(right, float | int):
        if not abs(stated - right) <= _TOLERANCE * max(1.0, abs(right)):
            yield path, stated, right
    elif stated != right:
        yield path, stated, right


def _called(item: Any) -> str | None:
    """Such as `contrastive (informed)` or `quality (frozen) SSIM`; None where it has no name."""
    if not isinstance(item, dict) or "name" not in item:
        return None
    kind = next((f" ({item[key]})" for key in ("scenario", "mode") if key in item), "")
    what = next((f" {item[key]}" for key in ("attribute", "measure") if key in item), "")
    return f"{item['name']}{kind}{what}"


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) < 60 else f"{text[:57]}…"
