"""Files that a user names: their text and their digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .errors import PrivbenchError


def read_text(path: Path, remedy: str) -> str:
    """The text of a UTF-8 file. Raises PrivbenchError, with the remedy, where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PrivbenchError(f"There is no file {path}: {remedy}.") from None
    except IsADirectoryError:
        raise PrivbenchError(f"{path} is a folder where a file belongs: {remedy}.") from None
    except UnicodeDecodeError as error:
        raise PrivbenchError(f"{path} is no UTF-8 text (byte {error.start}): save it as such.") from None


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file, whole or not at all: under another name first."""
    part = path.with_name(f".{path.name}.unfinished")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def sha256(path: Path) -> str:
    """The digest of a file, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
