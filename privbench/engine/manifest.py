"""What a finished stage says of itself, and whether its files are what was written.

A stage is believed for its contents and not for its name: every file is read and compared with the SHA-256 that was
taken when it was written, and so is what the stage says of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..base.errors import PrivbenchError
from ..base.files import digest_of, digests
from ..base.timing import Decoding, EpochTime

MANIFEST = "stage.json"


class Manifest(BaseModel):
    """What a finished stage says of itself; `files` are the SHA-256 of all that it holds beside this.

    What it cost is no part of its digest: `trainings` tells, epoch by epoch, where the time of what it trained went,
    and `decoding` how fast it read images from files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    config: dict[str, Any]
    inputs: dict[str, str]
    files: dict[str, str]
    seconds: float
    peak_memory_mib: float
    device_memory_mib: float | None = None
    processor_seconds: float | None = None
    trainings: tuple[EpochTime, ...] | None = None
    decoding: Decoding | None = None
    seal: str = ""

    def sealed(self) -> Manifest:
        """The same with the SHA-256 of all other fields, so that no change of a single one goes unseen."""
        return self.model_copy(
            update={"seal": digest_of(self.model_dump(mode="json", exclude={"seal"}, exclude_none=True))}
        )

    @property
    def key(self) -> str:
        """What tells the stage from others: it is where it belongs."""
        return key_of(self.name, self.version, self.config, self.inputs)

    @property
    def digest(self) -> str:
        """SHA-256 over the names and contents of its files."""
        return digest_of(self.files)


def examine(folder: Path) -> tuple[Manifest | None, str | None]:
    """What the stage in a folder says of itself, once every file was read and is what was written; else what is not.

    Neither where there is no such folder. Raises PrivbenchError where it cannot be read.
    """
    if not folder.exists():
        return None, None
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None, f"{MANIFEST} is missing"
    except ValidationError:
        return None, f"{MANIFEST} holds something else"
    except OSError as error:
        raise _unreadable(folder, error) from error
    if manifest != manifest.sealed():
        return None, f"{MANIFEST} was changed"
    if (manifest.name, manifest.key) != (folder.parent.name, folder.name):
        return None, f"it is {manifest.name} {manifest.key}"
    damage = damage_of(folder, manifest)
    return (manifest, None) if damage is None else (None, damage)


def damage_of(folder: Path, manifest: Manifest) -> str | None:
    """What of a stage's files is not what the manifest says; None where everything is."""
    try:
        found = digests(folder, MANIFEST)
    except FileNotFoundError:  # another run makes it again
        return "some files are gone"
    except OSError as error:
        raise _unreadable(folder, error) from error
    wrong = sorted(name for name in found.keys() | manifest.files.keys() if found.get(name) != manifest.files.get(name))
    return f"changed: {', '.join(wrong)}" if wrong else None


Seen = tuple[tuple[str, int, int, int], ...]
"""What a folder's files look like from outside: path, bytes, and when they were changed, each in nanoseconds."""


def seen_of(folder: Path) -> Seen:
    """What the files look like from outside: whoever changes one changes that."""
    files = ((path, path.lstat()) for path in sorted(folder.rglob("*")) if not path.is_dir())
    return tuple((path.relative_to(folder).as_posix(), s.st_size, s.st_mtime_ns, s.st_ctime_ns) for path, s in files)


def _unreadable(folder: Path, error: OSError) -> PrivbenchError:
    return PrivbenchError(
        f"The stage {folder.parent.name} in {folder} cannot be read ({error.strerror or error}): "
        "make it readable, or remove that folder, and it is made again."
    )


def key_of(name: str, version: str, config: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    return digest_of({"name": name, "version": version, "config": config, "inputs": inputs})[:24]
