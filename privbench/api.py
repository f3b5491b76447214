"""`privbench.run`: what the command line does, from Python."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from rich.console import Console

from .base.errors import PrivbenchError
from .base.progress import Progress
from .plugins.interfaces import Anonymizer, Attack, DataRequest, Dataset, LinkageAttack, UtilityTask
from .plugins.registry import Registry
from .protocols.schema import Protocol, load_protocol
from .record.run import RunRecord
from .running.pipeline import Pipeline
from .running.run_folder import RunFolder
from .running.store import Store

STORE_VARIABLE = "PRIVBENCH_STORE"
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Run:
    """A finished run: what it found, and where everything lies."""

    record: RunRecord
    folder: Path


def run(
    anonymizer: str | Anonymizer = "identity",
    *,
    params: Mapping[str, Any] | None = None,
    protocol: str = "quick",
    overrides: Sequence[str] = (),
    dataset: str | None = None,
    data_root: Path | str | None = None,
    seed: int | None = None,
    plugins: Sequence[Path | str] = (),
    store: Path | str | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
    device: str = "auto",
    precision: str = "32-true",
    workers: int = 1,
    registry: Registry | None = None,
    console: Console | None = None,
    quiet: bool = True,
) -> Run:
    """Runs one anonymizer under one protocol and writes its run folder.

    Args:
        anonymizer: a registered name, or an instance of one's own.
        params: its parameters, where it is named; the others are the protocol's, then the method's own.
        protocol: a built-in protocol, or the path of a TOML file.
        overrides: `section.field=value` changes of the protocol.
        dataset: another data set than the protocol's.
        data_root: the folder of a data set that lies on disk.
        seed: another seed than the protocol's.
        plugins: Python files whose plugins are registered first.
        store: the folder of cached stages; else PRIVBENCH_STORE, else ~/.cache/privbench.
        out: the run folder; else a folder below runs/ that is named after the run.
        overwrite: replace another run in that folder.
        device: auto, cpu, cuda or mps.
        precision: 32-true, bf16-mixed or 16-mixed.
        workers: processes or threads that prepare the data. The phantom's processes need a main module that may be
            imported again (`if __name__ == "__main__":`), hence the default.
        registry: the registry to look plugins up in; else a new one.
        console: where progress is drawn.
        quiet: draw no progress.

    Raises:
        PrivbenchError: a mistake that the caller can mend, told in a sentence.
    """
    registry = registry or Registry(map(Path, plugins))
    chosen = load_protocol(protocol, _overrides(protocol, overrides, dataset, seed))
    method = _anonymizer(anonymizer, params, chosen, registry)
    given = sorted(method.params.model_fields_set if isinstance(anonymizer, Anonymizer) else params or {})
    progress = Progress(console, quiet)
    with deterministic():
        pipeline = create_pipeline(
            chosen,
            method,
            given,
            registry=registry,
            data_root=data_root,
            store=store,
            device=device,
            precision=precision,
            workers=workers,
            progress=progress,
        )
        folder = RunFolder(pipeline, None if out is None else Path(out), overwrite)
        with progress.live():
            return Run(folder.write(), folder.path)


def create_pipeline(
    protocol: Protocol,
    anonymizer: Anonymizer,
    given: Sequence[str],
    *,
    registry: Registry,
    data_root: Path | str | None,
    store: Path | str | None,
    device: str,
    precision: str,
    workers: int,
    progress: Progress,
) -> Pipeline:
    """Everything that a run needs, ready to be carried out; `run` tells what the arguments mean."""
    root = None if data_root is None else Path(data_root)
    return Pipeline(
        protocol=protocol,
        dataset=registry.create(Dataset, protocol.data.dataset, protocol.data.params),
        anonymizer=anonymizer,
        given=given,
        attack=lambda label: registry.create(Attack, protocol.attacks[label].attack, protocol.attacks[label].params),
        floor=lambda: registry.create(LinkageAttack, protocol.certificate.floor, protocol.certificate.floor_params),
        utility=lambda label: registry.create(
            UtilityTask, protocol.utilities[label].task, protocol.utilities[label].params
        ),
        request=DataRequest(protocol.data.size, protocol.seed, root, workers, progress),
        store=Store(default_store() if store is None else Path(store)),
        fabric=create_fabric(device, precision),
        precision=precision,
        progress=progress,
    )


def default_store() -> Path:
    """The folder of cached stages: PRIVBENCH_STORE, else ~/.cache/privbench."""
    return Path(os.environ.get(STORE_VARIABLE) or Path.home() / ".cache" / "privbench")


def _overrides(protocol: str, overrides: Sequence[str], dataset: str | None, seed: int | None) -> list[str]:
    """The shorthands as overrides; the user's own come last, so that they win."""
    first = []
    if dataset is not None and dataset != load_protocol(protocol).data.dataset:
        first += [f"data.dataset={dataset}", "data.params={}"]
    if seed is not None:
        first.append(f"seed={seed}")
    return [*first, *overrides]


def _anonymizer(
    named: str | Anonymizer, params: Mapping[str, Any] | None, protocol: Protocol, registry: Registry
) -> Anonymizer:
    if isinstance(named, Anonymizer):
        if params:
            raise PrivbenchError("An anonymizer that is handed over holds its parameters: leave out params.")
        if named.name not in registry.names("anonymizer") or registry.get("anonymizer", named.name) is not type(named):
            registry.add(type(named))
        return named
    return registry.create(Anonymizer, named, protocol.anonymizers.get(named, {}) | dict(params or {}))


def create_fabric(device: str, precision: str) -> Fabric:
    for name, value, known in (("device", device, DEVICES), ("precision", precision, PRECISIONS)):
        if value not in known:
            raise PrivbenchError(f"There is no {name} {value!r}: choose one of {', '.join(known)}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise PrivbenchError("There is no CUDA device on this machine: use --device cpu.")
    if device == "mps" and not torch.backends.mps.is_available():
        raise PrivbenchError("There is no Metal device on this machine: use --device cpu.")
    if precision == "16-mixed" and (device == "cpu" or not torch.cuda.is_available()):
        raise PrivbenchError("The precision 16-mixed needs a CUDA device: use bf16-mixed or 32-true.")
    return Fabric(accelerator=device, devices=1, precision=precision)  # type: ignore[arg-type]


@contextmanager
def deterministic() -> Iterator[None]:
    """Asks torch for deterministic algorithms, and gives back what was set before.

    A few CUDA kernels have no deterministic form (resizing's gradient); torch then warns and goes on.
    """
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
