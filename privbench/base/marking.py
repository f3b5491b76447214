"""The file by which a folder is known as written by privbench: it lists all others, with their digests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .files import digests


def mark(folder: Path, marker: str, **told: Any) -> None:
    """Writes the marker, which lists every file that is there, beside what else is to be told."""
    values = told | {"files": digests(folder, without=marker)}
    (folder / marker).write_text(json.dumps(values, indent=1), encoding="utf-8")


def marked(folder: Path, marker: str) -> dict[str, Any]:
    """All that the marker of a folder tells; nothing where it cannot be read."""
    try:
        told = json.loads((folder / marker).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def listed(folder: Path, marker: str) -> dict[str, str]:
    """The files that the marker of a folder lists, with their SHA-256; none where it cannot be read, or lists none."""
    files = marked(folder, marker).get("files")
    return {str(name): str(digest) for name, digest in files.items()} if isinstance(files, dict) else {}
