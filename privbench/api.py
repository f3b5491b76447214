"""`privbench.run`: what the command line does, from Python."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from .base.errors import PrivbenchError
from .base.files import write_text
from .base.progress import Progress, log
from .evaluate.run import evaluate
from .plugins.interfaces import Anonymizer, Attack, DataRequest, Dataset, LinkageAttack, UtilityTask
from .plugins.registry import Registry
from .protocols.schema import Protocol, load_protocol
from .record.estimates import FILE as ESTIMATES
from .record.estimates import write_estimates
from .record.examples import read_examples
from .record.folder import (
    ANONYMIZER,
    ANONYMIZER_STATE,
    CONTACT_SHEET,
    CURVES,
    CURVES_PLOT,
    EXAMPLES,
    seal,
    write_run_scores,
)
from .record.run import RunRecord
from .report.plots.contact_sheet import draw_contact_sheet
from .report.plots.training_curves import write_training
from .running.device import create_fabric, deterministic
from .running.pipeline import Pipeline
from .running.recording import record_of
from .running.run_folder import LOG, RunFolder, folder_name
from .running.store import Store, default_store


@dataclass(frozen=True)
class Run:
    """A finished run: what it found, and where everything lies."""

    record: RunRecord
    folder: Path


@dataclass(frozen=True)
class Plan:
    """A run that may begin: nothing is wrong with what it was told, and nothing is in its way."""

    pipeline: Pipeline
    given: Sequence[str]
    folder: RunFolder

    def carry_out(self) -> Run:
        """Computes what the store does not hold, and writes the run folder. Raises as `run`."""
        pipeline, method, protocol = self.pipeline, self.pipeline.anonymizer, self.pipeline.protocol
        with deterministic(), pipeline.request.progress.live(), self.folder.filled() as part:
            log.info("run %s under protocol %s", method.name, protocol.name)
            made = pipeline.run()
            write_run_scores(part, made.attacks, made.readings, made.measurements)
            evaluation = evaluate(made.attacks, made.readings, made.measurements, protocol, *pipeline.versions)
            write_estimates(evaluation.estimates, part / ESTIMATES)
            record = record_of(pipeline, made, evaluation, self.given)
            shutil.copyfile(made.anonymizer_state, part / ANONYMIZER_STATE)
            write_text(part / ANONYMIZER, record.anonymizer.model_dump_json(indent=1))
            if record.public:
                shutil.copyfile(made.examples, part / EXAMPLES)
                draw_contact_sheet(read_examples(made.examples), record.label, part / CONTACT_SHEET)
            curves = pd.DataFrame(made.curves)
            curves.to_csv(part / CURVES, index=False)
            write_training(curves, part / CURVES_PLOT)
            record = seal(part, record, without=LOG)
            log.info("fingerprint %s", record.fingerprint)
        return Run(record, self.folder.path)


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
    return plan(**locals()).carry_out()


def plan(
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
) -> Plan:
    """The run that `run` carries out with the same arguments. Raises as it does, before anything is computed."""
    registry = registry or Registry(map(Path, plugins))
    chosen = load_protocol(protocol, _overrides(protocol, overrides, dataset, seed))
    method = _anonymizer(anonymizer, params, chosen, registry)
    given = sorted(method.params.model_fields_set if isinstance(anonymizer, Anonymizer) else params or {})
    with deterministic():
        pipeline = create_pipeline(
            chosen,
            method,
            registry=registry,
            data_root=data_root,
            store=store,
            device=device,
            precision=precision,
            workers=workers,
            progress=Progress(console, quiet),
        )
    place = Path(out) if out is not None else _default_folder(pipeline, given)
    folder = RunFolder(place, pipeline.key, overwrite)
    _check_apart(place, pipeline.store.root)
    return Plan(pipeline, given, folder)


def create_pipeline(
    protocol: Protocol,
    anonymizer: Anonymizer,
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
        attack=lambda label: registry.create(Attack, protocol.attacks[label].attack, protocol.attacks[label].params),
        floor=lambda: registry.create(LinkageAttack, protocol.certificate.floor, protocol.certificate.floor_params),
        utility=lambda label: registry.create(
            UtilityTask, protocol.utilities[label].task, protocol.utilities[label].params
        ),
        request=DataRequest(protocol.data.size, protocol.seed, root, workers, progress),
        store=Store(default_store() if store is None else Path(store)),
        fabric=create_fabric(device, precision),
        precision=precision,
    )


def _check_apart(out: Path, store: Path) -> None:
    """Raises PrivbenchError where the store lies in the run folder, which is replaced as a whole, or is it."""
    if store.resolve().is_relative_to(out.resolve()):
        raise PrivbenchError(f"The store {store} lies in the run folder {out}: choose another --store or --out.")


def _default_folder(pipeline: Pipeline, given: Sequence[str]) -> Path:
    """Below runs/, named after the run."""
    anonymizer, protocol = pipeline.anonymizer, pipeline.protocol
    params = anonymizer.params.model_dump()  # without what tells where something lies
    told = {name: params[name] for name in given if name in params}
    more = [protocol.data.dataset, protocol.name]
    return Path("runs") / f"{folder_name(anonymizer.name, told, more)}-{pipeline.key[:8]}"


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
