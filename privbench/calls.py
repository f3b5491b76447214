"""`privbench.run` and `privbench.audit`: what the command line does, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from .api import Run, carry_out, plan, plan_audit
from .base.errors import raise_all
from .base.params import is_plain
from .base.progress import Progress
from .engine.executors.choice import Means
from .plugins.interfaces import Anonymizer
from .plugins.registry import Registry
from .running.setting import Setting
from .running.unpaired_claim import claim_of


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
    batch: str = "protocol",
    executor: str | None = None,
    jobs: int | None = None,
    address: str | None = None,
    allow_contamination: bool = False,
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
        device: auto, cpu, cuda, mps, or cuda:1 of several.
        precision: 32-true, bf16-mixed or 16-mixed.
        batch: protocol; or auto, which computes batches that do not fit the device's memory in parts.
        executor: serial, local or ray; else PRIVBENCH_EXECUTOR, else local, in processes beside this one.
        jobs: stages at once; else one a core.
        address: of a Ray cluster.
        allow_contamination: carry on where weights of files saw test patients; it stands beside every figure.
        registry: the registry to look plugins up in; else a new one.
        console: where progress is drawn.
        quiet: draw no progress.

    Raises:
        PrivbenchError: a mistake that the caller can mend, told in a sentence.
    """
    setting = _setting(
        protocol=protocol,
        overrides=overrides,
        dataset=dataset,
        data_root=data_root,
        seed=seed,
        plugins=plugins,
        store=store,
        device=device,
        precision=precision,
        batch=batch,
        means=Means(executor, jobs, address),
        allow_contamination=allow_contamination,
        registry=registry,
    )
    planned = plan(anonymizer, params or {}, setting, None if out is None else Path(out), overwrite)
    (done,) = carry_out([planned], setting, Progress(console, quiet))
    return done


def audit(
    release: Path | str,
    originals: Path | str | None = None,
    *,
    name: str,
    params: Mapping[str, Any] | None = None,
    map_file: Path | str | None = None,
    unpaired: bool = False,
    learnt_from: Sequence[str] | None = None,
    findings: Path | str | None = None,
    protocol: str = "quick",
    overrides: Sequence[str] = (),
    dataset: str | None = None,
    seed: int | None = None,
    plugins: Sequence[Path | str] = (),
    store: Path | str | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
    device: str = "auto",
    precision: str = "32-true",
    batch: str = "protocol",
    executor: str | None = None,
    jobs: int | None = None,
    address: str | None = None,
    allow_contamination: bool = False,
    registry: Registry | None = None,
    console: Console | None = None,
    quiet: bool = True,
) -> Run:
    """Judges a folder of released images that any tool made, and writes its run folder.

    All other arguments are those of `run`.

    Args:
        release: the folder of released images: PNG, JPEG, TIFF or DICOM.
        originals: the folder of the originals, which `run` calls `data_root`; None where the data set needs none.
        name: what the method is called in records and tables.
        params: with which parameters it is said to have been made: texts, numbers, truth values or None.
        map_file: a CSV with the columns original, as the data set calls it, and released, a path below `release`; else
            released files are called as their originals.
        unpaired: whether the images are of no one original, as synthetic ones are.
        learnt_from: of unpaired images, the splits that their generator learnt from, train, val or both; else both are
            assumed.
        findings: of unpaired images, a CSV with the columns image, a path below `release`, and the findings of the
            data.

    Raises:
        PrivbenchError: a mistake that the caller can mend, told in a sentence.
    """
    _check_params(params or {})
    setting = _setting(
        protocol=protocol,
        overrides=overrides,
        dataset=dataset,
        data_root=originals,
        seed=seed,
        plugins=plugins,
        store=store,
        device=device,
        precision=precision,
        batch=batch,
        means=Means(executor, jobs, address),
        allow_contamination=allow_contamination,
        registry=registry,
    )
    mapped, labelled = (None if file is None else Path(file) for file in (map_file, findings))
    claim = claim_of(Path(release), name, params or {}, mapped, unpaired, learnt_from, labelled)
    planned = plan_audit(claim, setting, None if out is None else Path(out), overwrite)
    (done,) = carry_out([planned], setting, Progress(console, quiet))
    return done


def _check_params(params: Mapping[str, Any]) -> None:
    """Raises PrivbenchError where a name or a value is none that a record can tell."""
    wrong = [
        f"The parameter {name!r} cannot be told: give it a name of letters, digits and underscores."
        for name in params
        if not (isinstance(name, str) and name.isidentifier())
    ]
    wrong += [
        f"The parameter {name}={value!r} cannot be told: give a text, a finite number, True, False or None."
        for name, value in params.items()
        if not is_plain(value)
    ]
    raise_all(wrong)


def _setting(
    *,
    protocol: str,
    overrides: Sequence[str],
    dataset: str | None,
    data_root: Path | str | None,
    seed: int | None,
    plugins: Sequence[Path | str],
    store: Path | str | None,
    device: str,
    precision: str,
    batch: str,
    means: Means,
    allow_contamination: bool,
    registry: Registry | None,
) -> Setting:
    return Setting(
        protocol=protocol,
        overrides=overrides,
        dataset=dataset,
        data_root=None if data_root is None else Path(data_root),
        seed=seed,
        store=None if store is None else Path(store),
        device=device,
        precision=precision,
        batch=batch,
        means=means,
        registry=registry or Registry(map(Path, plugins)),
        allow_contamination=allow_contamination,
    )
