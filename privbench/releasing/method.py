"""The method of a release: taken from a run, whose verdict convinced somebody, or named with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from ..base.errors import PrivbenchError
from ..base.files import sha256
from ..base.marking import listed
from ..base.placing import changed
from ..data.squares import Fit
from ..learning.weights import weights_digest, weights_files
from ..plugins.code import is_own, plugin_digest
from ..plugins.interfaces import Anonymizer, SetAnonymizer
from ..plugins.registry import Registry
from ..record.folder import ANONYMIZER_STATE
from ..record.manifest import EvidenceRecord
from ..record.run import FILE, AnonymizerRecord, RunRecord, read_run
from ..running.choices import check_places
from ..running.run_folder import MARKER


@dataclass(frozen=True)
class Method:
    """What is done to every image, as it travels to the processes that do it.

    `params` may tell where weights lie, which `record` does not; `state` is the file of what was learnt in a run.
    `size` and `fit` tell which square images it knows, `at_trained_size` that such are written.
    """

    record: AnonymizerRecord
    params: Mapping[str, Any]
    plugins: tuple[Path, ...]
    state: Path | None
    weights: str | None
    size: int
    fit: Fit
    at_trained_size: bool
    evidence: EvidenceRecord | None = None

    def ready(self, device: torch.device) -> Anonymizer:
        """An instance that knows what was learnt. Raises PrivbenchError where weights do not fit."""
        anonymizer = Registry(self.plugins).create(Anonymizer, self.record.name, self.params)
        if self.state is not None:
            learnt = load_file(self.state)
        else:
            if weights_files(anonymizer.params) and anonymizer.transfer(0) is None:
                raise PrivbenchError(
                    f"{self.record.name} takes its weights over in fit(), which a run does: name one by --run."
                )
            learnt = anonymizer.state()
        anonymizer.load_state(learnt, device)
        return anonymizer


def method_of_run(folder: Path, plugins: tuple[Path, ...], at_trained_size: bool) -> Method:
    """The method that a run judged, with what it learnt there.

    Raises:
        PrivbenchError: it is no run, or its files are not what the record vouches for; the method has changed since; or
            it cannot do what it is asked for.
    """
    folder = folder.parent if folder.name == FILE else folder
    run = read_run(folder)
    if run.anonymizer.deterministic is None:
        raise PrivbenchError(
            f"{folder} judged a release that was made elsewhere, so its method is not at hand: name a run of a method."
        )
    if ANONYMIZER_STATE not in run.files:
        raise PrivbenchError(
            f"{folder} was written by an older privbench, which did not vouch for what the method learnt: run it again."
        )
    # The record vouches for all files but itself; the marker tells which record was written.
    files = {FILE: listed(folder, MARKER).get(FILE, ""), **run.files}
    missing = [name for name in files if not (folder / name).is_file()]
    if wrong := [*missing, *changed(folder, files)]:
        raise PrivbenchError(
            f"{folder} is not as it was written ({wrong[0]} is missing, or another), so its verdict is of something "
            "else: run it again."
        )
    own, data = run.anonymizer, run.protocol["data"]
    if run.partly_released is not None:
        raise PrivbenchError(
            f"{folder} judged a release of some images ({run.partly_released}), and this would be one of all: name a "
            "run whose method leaves none out."
        )
    method = Method(
        record=own,
        params=own.params,
        plugins=plugins,
        state=folder / ANONYMIZER_STATE,
        weights=run.files[ANONYMIZER_STATE],
        size=data["size"],
        fit=data.get("fit", "squeeze"),
        at_trained_size=at_trained_size,
        evidence=_evidence(run, folder / FILE),
    )
    kind = Registry(plugins).get("anonymizer", own.name)
    if kind.version != own.version or not (is_own(kind) or plugin_digest(kind) == own.code):
        raise PrivbenchError(
            f"The anonymizer {own.name!r} is not what was judged in {folder}: its code has changed since; run it again."
        )
    _check(method)
    return method


def named_method(
    name: str, params: Mapping[str, Any], plugins: tuple[Path, ...], size: int, fit: Fit, at_trained_size: bool
) -> Method:
    """A method that no run stands for, with its parameters, of which one may name its weights.

    Raises PrivbenchError where parameters or weights do not hold, it has to learn first, or it cannot do what it is
    asked for.
    """
    anonymizer = Registry(plugins).create(Anonymizer, name, params)
    if anonymizer.learns:
        raise PrivbenchError(f"{name} has to learn first: name a run by --run, or a file of weights by --weights.")
    files = list(weights_files(anonymizer.params).values())
    record = AnonymizerRecord(
        name=name,
        version=anonymizer.version,
        deterministic=anonymizer.deterministic,
        params=anonymizer.params.model_dump(mode="json"),
        given=sorted(params),
        code=plugin_digest(type(anonymizer)),
    )
    weights = weights_digest(files[0]) if files else None
    method = Method(record, params, plugins, None, weights, size, fit, at_trained_size)
    _check(method)
    return method


def _check(method: Method) -> None:
    """Raises PrivbenchError where it is asked for what it cannot do, or the manifest would tell of a place."""
    check_places(method.record.params)
    anonymizer, size = method.ready(torch.device("cpu")), method.size
    if isinstance(anonymizer, SetAnonymizer):
        raise PrivbenchError(
            f"{anonymizer.name} releases whole sets, in which images hang on each other: let it write its release "
            "itself, and judge that by `privbench audit`."
        )
    if anonymizer.leaves_out:
        raise PrivbenchError(
            f"{anonymizer.name} leaves images out by the table of a split, which nobody has here: let it write its "
            "release itself, and judge that by `privbench audit`."
        )
    anonymizer.check_size(size)
    if not (anonymizer.moves_pixels_alone or method.at_trained_size):
        raise PrivbenchError(
            f"{anonymizer.name} does more than to move pixels, so it was judged, and is known, for images of {size} x "
            f"{size} pixels alone: add --at-trained-size, which writes such images."
        )


def _evidence(run: RunRecord, file: Path) -> EvidenceRecord:
    return EvidenceRecord(
        run=sha256(file),
        protocol=run.protocol["name"],
        dataset=run.protocol["data"]["dataset"],
        fingerprint=run.fingerprint,
        size=run.protocol["data"]["size"],
        doubt=run.doubt,
        figures=run.figures,
    )
