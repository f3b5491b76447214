"""Puts a folder in place: whole or not at all, and without a loss of what was there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .errors import PrivbenchError, disk_errors_of, some_of
from .files import sha256
from .folders import flush_all, flush_folder, give_to_owner, make_private
from .locks import locked

OPTION = "--out"


class Place:
    """Where a command puts its folder. A link stays, and its target is filled."""

    def __init__(self, path: Path, written: Callable[[Path], Collection[str]]) -> None:
        """Raises PrivbenchError where no folder can be put there.

        Args:
            path: as the user named it.
            written: the files that commands wrote into a folder, by path from it; all others are the user's.
        """
        self.path, self.whole, self._written = path, _resolved(path), written
        self._part = self.whole.with_name(f".{self.whole.name}.privbench-unfinished")
        self._old = self.whole.with_name(f".{self.whole.name}.privbench-replaced")
        self._lock = self.whole.with_name(f".{self.whole.name}.privbench-lock")
        with disk_errors_of(self.whole, OPTION):
            _exists(self._part)  # a name that becomes too long is told now, and not after hours

    @property
    def is_free(self) -> bool:
        """Whether nothing lies there, or an empty folder."""
        return not self.whole.exists() or not any(self.whole.iterdir())

    def not_written(self) -> list[str]:
        """What lies there that no command wrote, by path."""
        return _not_among(self._written(self.whole), self.whole)

    @contextmanager
    def filled(self, check: Callable[[], None], waiting: str) -> Iterator[Path]:
        """A folder to write into, which is put in place when the block ends well, and vanishes otherwise.

        What the user put into the folder that it takes the place of is carried over. A process may be killed at any
        moment: the older folder or the new one is there, or the next use brings it back.

        Args:
            check: raises PrivbenchError where what lies there may not be replaced; asked before and after the block.
            waiting: a sentence for the log where another process fills the same folder.
        """
        with disk_errors_of(self.whole, OPTION):
            if not self.whole.parent.exists():
                make_private(self.whole.parent)
            with locked(self._lock, waiting):
                self._recover()
                shutil.rmtree(self._part, ignore_errors=True)
                check()
                try:
                    make_private(self._part)
                    yield self._part
                    give_to_owner(self._part)
                    flush_all(self._part)
                    check()  # once more: hours may have passed
                    self._replace()
                finally:
                    shutil.rmtree(self._part, ignore_errors=True)
                    self._recover()

    def _replace(self) -> None:
        """Moves an older folder aside, the new one into its place, and what is the user's after it."""
        if self.whole.exists():
            if clash := [name for name in self.not_written() if _exists(self._part / name)]:
                raise PrivbenchError(
                    f"{self.path} holds {some_of(clash)}, which privbench did not write there and would now: "
                    f"move that away, or choose another {OPTION}."
                )
            self.whole.rename(self._old)
        self._part.rename(self.whole)
        flush_folder(self.whole.parent)

    def _recover(self) -> None:
        """Ends what `_replace` began. Only where a new folder still waits was it stopped between its two renames."""
        if not self._old.exists():
            return
        if not self.whole.exists():
            self._old.rename(self.whole)
            return
        users = _not_among(self._written(self._old), self._old)
        if self._part.exists() or any(_exists(self.whole / name) for name in users):
            raise PrivbenchError(
                f"{self._old} holds what lay in {self.path} before a run was killed, and something else lies there "
                "now: move one of them away."
            )
        for name in users:
            target = self.whole / name
            if not target.parent.exists():
                make_private(target.parent)
            (self._old / name).rename(target)
        self._old.rename(self._part)  # under this name whatever is left of it is known as rubbish
        shutil.rmtree(self._part, ignore_errors=True)


def changed(folder: Path, digests: Mapping[str, str]) -> list[str]:
    """The files that are others than those of these SHA-256, or lie elsewhere by a link; what is missing is none."""
    whole = folder.resolve()
    files = {name: whole / name for name in digests if (whole / name).exists()}
    return [
        name for name, file in files.items()
        if file.resolve() != file or not file.is_file() or sha256(file) != digests[name]
    ]  # fmt: skip


def _not_among(written: Collection[str], folder: Path) -> list[str]:
    """What lies in a folder beside these files, by path; of a folder without any of them, its own path alone."""
    around = {parent.as_posix() for name in written for parent in Path(name).parents}
    found = []
    for path in sorted(folder.iterdir()):
        name = path.name
        if name in around and path.is_symlink():
            continue  # what it leads to stays
        if name in around and path.is_dir():
            below = {Path(one).relative_to(name).as_posix() for one in written if Path(one).is_relative_to(name)}
            found += [f"{name}/{one}" for one in _not_among(below, path)]
        elif name not in written:
            found.append(name)
    return found


def _resolved(path: Path) -> Path:
    """Where a folder really lies, or would. Raises PrivbenchError where none can be put."""
    with disk_errors_of(Path(os.path.abspath(path)), OPTION):
        _exists(path, follow=True)
        whole = path.resolve()
        around = Path.cwd().is_relative_to(whole)
    if whole.exists() and not whole.is_dir():
        raise PrivbenchError(f"{path} is a file, where a folder belongs: choose another {OPTION}.")
    if os.path.ismount(whole):
        raise PrivbenchError(f"{path} is the top of a disk, which cannot be replaced: name a folder below it.")
    if around:  # who is in a folder that is replaced finds himself in one that is gone
        raise PrivbenchError(f"{path} holds the folder that you are in: choose another {OPTION}, or go elsewhere.")
    return whole


def _exists(path: Path, follow: bool = False) -> bool:
    """Whether something lies there. Raises OSError where `Path.exists` says no, such as for a loop of links."""
    try:
        path.stat(follow_symlinks=follow)
    except FileNotFoundError:
        return False
    return True
