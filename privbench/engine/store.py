"""Cached stages: each is a folder, keyed by what went into it, written aside and renamed when it is whole.

A stage is believed for its contents and not for its name: whenever a run takes one from the store, every file is read
and compared with the SHA-256 that was taken when it was written, and once more before figures are made of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base.errors import PrivbenchError, disk_errors_of
from ..base.files import digests
from ..base.folders import flush_all, give_to_owner
from ..base.locks import locked, locked_if_left
from ..base.progress import log
from ..base.timing import Timing
from ..data import decoded
from .manifest import MANIFEST, Manifest, Seen, damage_of, examine, key_of, seen_of
from .meter import Meter

STORE_VARIABLE = "PRIVBENCH_STORE"

Produce = Callable[[Path], Timing | None]
"""Fills a folder with what a stage puts out; tells what its trainings and its decoding took, where it did either."""

_WORTH_A_FLUSH = 1.0
"""Seconds that a stage took which is written to disk for good before it is put in place: nothing shorter is. A loss of
power may tear it, its digests tell so, and it is made again."""


def default_store() -> Path:
    """The folder of cached stages: PRIVBENCH_STORE, else ~/.cache/privbench."""
    return Path(os.environ.get(STORE_VARIABLE) or Path.home() / ".cache" / "privbench")


@dataclass(frozen=True)
class Stage:
    """A finished stage: its folder, its key, and whether it was there before; and how its files looked then."""

    folder: Path
    key: str
    manifest: Manifest
    cached: bool
    seen: Seen

    @property
    def digest(self) -> str:
        """SHA-256 over the names and contents of the stage's files."""
        return self.manifest.digest

    def confirm(self) -> None:
        """Raises PrivbenchError where its files are no longer what they were when the run took it."""
        if (damage := damage_of(self.folder, self.manifest)) is not None:
            raise PrivbenchError(
                f"The stage {self.manifest.name} in {self.folder} was changed while the run read it ({damage}): "
                "run the same command again, and it is made anew."
            )


class Store:
    """The folder of all stages. Several runs may share it: a stage is made once, under a lock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unfinished = root / "unfinished"
        self.decoded = root / "decoded"
        """Images that the next command goes on from, where one was stopped before it had them all."""

    def stage(
        self,
        name: str,
        version: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, str],
        produce: Produce,
    ) -> Stage:
        """The stage's folder, made by `produce` unless it is there already and sound.

        Args:
            name: what the stage does, such as `release`; it is the folder's parent.
            version: goes up with every change of the code that changes its output.
            config: JSON values that `produce` depends on.
            inputs: digests of the stages that it reads, by role.
            produce: fills an empty folder, and tells where its time went; a failure leaves nothing behind.

        Raises:
            PrivbenchError: what lies in its place cannot be read.
        """
        key = key_of(name, version, config, inputs)
        folder = self.folder(name, key)
        if (there := self.find(name, key)) is not None:
            return there
        unfinished = self._unfinished
        with disk_errors_of(self.root.absolute(), "--store"):
            for place in (self.root, unfinished):
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.clear()
            with locked(unfinished / f"{key}.lock", f"waiting for another run that makes {name}"):
                seen = seen_of(folder)
                found, damage = examine(folder)
                if found is not None:
                    return Stage(folder, key, found, True, seen)
                if damage is not None:
                    log.warning("the stage %s in the store is not what was written (%s): made again", name, damage)
                manifest = _make(unfinished / key, folder, name, version, config, inputs, produce)
                decoded.clear(self.decoded)  # before anybody looks: to lose a second name is seen of a file
        return Stage(folder, key, manifest, False, seen_of(folder))

    def find(self, name: str, key: str) -> Stage | None:
        """The stage of that kind and key, once every file of it was read and is sound; else None."""
        decoded.clear(self.decoded)
        folder = self.folder(name, key)
        seen = seen_of(folder)  # first: what is changed afterwards is seen, whether it was read by then or not
        found, _ = examine(folder)
        return None if found is None else Stage(folder, key, found, True, seen)

    def clear(self) -> None:
        """Removes what was left half made by who is gone: it may never be asked for again, and shows people."""
        for lock in self._unfinished.glob("*.lock"):
            try:
                with locked_if_left(lock) as left:
                    if left:
                        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            except FileNotFoundError:  # its holder has finished meanwhile
                continue

    def folder(self, name: str, key: str) -> Path:
        """Where the stage of that kind and key lies, or would lie."""
        return self.root / name / key


def _make(
    part: Path,
    folder: Path,
    name: str,
    version: str,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    produce: Produce,
) -> Manifest:
    # Who holds the lock is alone here: what lies there was left by a run that was killed.
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        with Meter() as meter:
            told = produce(part) or Timing()
        manifest = Manifest(
            name=name,
            version=version,
            config=dict(config),
            inputs=dict(inputs),
            files=digests(part, MANIFEST),
            seconds=meter.seconds,
            peak_memory_mib=meter.peak_memory_mib,
            device_memory_mib=meter.device_memory_mib,
            processor_seconds=meter.processor_seconds,
            trainings=told.trainings or None,
            decoding=told.decoding,
        ).sealed()
        (part / MANIFEST).write_text(manifest.model_dump_json(indent=1, exclude_none=True), encoding="utf-8")
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        give_to_owner(part)
        if manifest.seconds >= _WORTH_A_FLUSH:
            flush_all(part)
        _remove(folder)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _remove(damaged: Path) -> None:
    if damaged.is_symlink() or damaged.is_file():
        damaged.unlink()
    else:
        shutil.rmtree(damaged, ignore_errors=True)
