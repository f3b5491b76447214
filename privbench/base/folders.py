"""Folders that only their owner reads, and that outlast a loss of power."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def make_private(folder: Path) -> None:
    """Makes a folder, and those above it that are missing, for their owner alone, whatever the umask.

    Raises FileExistsError where the folder is there already.
    """
    if not folder.parent.exists():
        make_private(folder.parent)
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)


def settle(folder: Path) -> None:
    """Gives a folder and all that lies below it to its owner alone (700 and 600), and writes it to disk for good.

    Links and what is neither file nor folder stay as they are.
    """
    for place, _, names in os.walk(folder, topdown=True):
        os.chmod(place, 0o700)
        for name in names:
            file = Path(place, name)
            if file.is_file() and not file.is_symlink():
                file.chmod(0o600)
                _flush(file)
    for place, _, _ in os.walk(folder, topdown=False):
        flush_folder(Path(place))


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
