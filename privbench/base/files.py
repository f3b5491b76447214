"""Files that a user names, or that come with privbench: their text, their values and their digest."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from .errors import PrivbenchError, nearest
from .folders import flush_folder


def read_text(path: Path, remedy: str) -> str:
    """The text of a UTF-8 file, without a byte-order mark, and its lines ending in a line feed.

    Raises PrivbenchError, with the remedy, where there is none that can be read.
    """
    return decode(read_bytes(path, remedy), path)


def read_bytes(path: Path, remedy: str) -> bytes:
    """What a file holds. Raises PrivbenchError, with the remedy, where there is none that can be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PrivbenchError(f"There is no file {path}: {remedy}.") from None
    except IsADirectoryError:
        raise PrivbenchError(f"{path} is a folder where a file belongs: {remedy}.") from None


def decode(content: bytes, path: Path) -> str:
    """The text that the bytes of a file are, as `read_text` gives it. Raises PrivbenchError where they are none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PrivbenchError(f"{path} is no UTF-8 text (byte {error.start}): save it as such.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def builtin_names(package: str) -> list[str]:
    """The names of the TOML files in a package of privbench."""
    return sorted(f.name.removesuffix(".toml") for f in resources.files(package).iterdir() if f.name.endswith(".toml"))


def read_toml(name: str, package: str, kind: str) -> dict[str, Any]:
    """The values of the built-in TOML file of that name, or of the file at that path.

    Raises PrivbenchError, which calls it by its kind, where there is none or it is no TOML.
    """
    known = builtin_names(package)
    if name in known:
        text = (resources.files(package) / f"{name}.toml").read_text(encoding="utf-8")
    elif name.endswith(".toml"):
        text = read_text(Path(name), f"check the path of the {kind}")
    else:
        raise PrivbenchError(f"There is no {kind} {name!r}: {nearest(name, known)}")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PrivbenchError(f"{kind.capitalize()} {name} is not TOML ({error}): mend that line.") from error


def write_text(path: Path, text: str, *, for_good: bool = False) -> None:
    """Writes a UTF-8 file as `write_bytes` does."""
    write_bytes(path, text.encode("utf-8"), for_good=for_good)


def write_bytes(path: Path, content: bytes, *, for_good: bool = False, private: bool = False) -> None:
    """Writes a file and the folders above it, whole or not at all: under another name first.

    Where `for_good`, it is on the disk before it has its name, and the name is, too, so that a loss of power leaves it
    whole. Where `private`, it is its owner's alone (600) from the beginning.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.privbench-unfinished")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(part, flags, 0o600 if private else 0o666), "wb") as file:
            file.write(content)
            if for_good:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
        if for_good:
            flush_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def text_digest(path: Path, remedy: str) -> str:
    """SHA-256 of a text that a user names, as hexadecimal. Raises as `read_text`."""
    return hashlib.sha256(read_text(path, remedy).encode()).hexdigest()


def sha256(path: Path) -> str:
    """The digest of a file, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path, without: str) -> dict[str, str]:
    """SHA-256 of every file below a folder but the one of that name in it, by path; empty for a link to nothing."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() or file.is_symlink())
    named = ((file.relative_to(folder).as_posix(), file) for file in files if not file.is_dir())
    return {name: sha256(file) if file.is_file() else "" for name, file in named if name != without}


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form, as hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
