"""Folders that only their owner reads, and that outlast a loss of power."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path


def make_private(folder: Path) -> None:
    """Makes a folder, and those above it that are missing, for their owner alone, whatever the umask.

    Raises FileExistsError where the folder is there already.
    """
    if not folder.parent.exists():
        make_private(folder.parent)
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)


def give_to_owner(folder: Path) -> None:
    """Gives a folder and all that lies below it to its owner alone (700 and 600).

    Links and what is neither file nor folder stay as they are.
    """
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o700)
    for file in _files_below(folder):
        file.chmod(0o600)


def flush_all(folder: Path) -> None:
    """Writes a folder and all files below it to disk for good. On most disks that takes some milliseconds a file."""
    for file in _files_below(folder):
        _flush(file)
    for place, _, _ in os.walk(folder, topdown=False):
        flush_folder(Path(place))


def _files_below(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        files = (Path(place, name) for name in names)
        yield from (file for file in files if file.is_file() and not file.is_symlink())


def flush_folder(folder: Path) -> None:
    """Writes to disk which names a folder holds."""
    try:
        _flush(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks know it of files alone
            raise


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
