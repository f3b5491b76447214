"""Cached stages: each is a folder, keyed by what went into it, written aside and renamed when it is whole."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from ..base.files import digest_of, sha256
from ..base.progress import log
from .meter import Meter

STORE_VARIABLE = "PRIVBENCH_STORE"
_MANIFEST = "stage.json"


def default_store() -> Path:
    """The folder of cached stages: PRIVBENCH_STORE, else ~/.cache/privbench."""
    return Path(os.environ.get(STORE_VARIABLE) or Path.home() / ".cache" / "privbench")


class Manifest(BaseModel):
    """What a finished stage says of itself."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    config: dict[str, Any]
    inputs: dict[str, str]
    digest: str
    seconds: float
    peak_memory_mib: float


@dataclass(frozen=True)
class Stage:
    """A finished stage: its folder, its key, and whether it was there before."""

    folder: Path
    key: str
    manifest: Manifest
    cached: bool

    @property
    def digest(self) -> str:
        """SHA-256 over the names and contents of the stage's files."""
        return self.manifest.digest


class Store:
    """The folder of all stages. Several runs may share it: a stage is made once, under a lock."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def stage(
        self,
        name: str,
        version: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, str],
        produce: Callable[[Path], None],
    ) -> Stage:
        """The stage's folder, made by `produce` unless it is there already.

        Args:
            name: what the stage does, such as `release`; it is the folder's parent.
            version: goes up with every change of the code that changes its output.
            config: JSON values that `produce` depends on.
            inputs: digests of the stages that it reads, by role.
            produce: fills an empty folder; a failure leaves nothing behind.
        """
        key = digest_of({"name": name, "version": version, "config": config, "inputs": inputs})[:24]
        folder = self.root / name / key
        if (found := _read(folder)) is not None:
            return Stage(folder, key, found, cached=True)
        (self.root / "locks").mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / "locks" / f"{key}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("waiting for another run that makes %s", name)
            lock.acquire()
        try:
            if (found := _read(folder)) is not None:
                return Stage(folder, key, found, cached=True)
            return self._make(folder, key, name, version, config, inputs, produce)
        finally:
            lock.release()

    def _make(
        self,
        folder: Path,
        key: str,
        name: str,
        version: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, str],
        produce: Callable[[Path], None],
    ) -> Stage:
        part = self.root / "unfinished" / key
        # Who holds the lock is alone here: what lies there was left by a run that was killed.
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            with Meter() as meter:
                produce(part)
            manifest = Manifest(
                name=name,
                version=version,
                config=dict(config),
                inputs=dict(inputs),
                digest=_digest(part),
                seconds=meter.seconds,
                peak_memory_mib=meter.peak_memory_mib,
            )
            (part / _MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
            folder.parent.mkdir(parents=True, exist_ok=True)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return Stage(folder, key, manifest, cached=False)


def _read(folder: Path) -> Manifest | None:
    """The manifest of a finished stage; None where there is none, or one that this version cannot read."""
    try:
        return Manifest.model_validate_json((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return None


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)} {sha256(path)}\n".encode())
    return digest.hexdigest()
