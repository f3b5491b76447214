"""What is done of a release that is not finished: an index hidden in its folder, which is gone in the end.

A file counts once a line of the index holds its digest and it lies under its name. Nothing that lies here tells a name
of the originals: a release that was given away too early is no key to them either.

In the end the hidden folder is renamed before it is emptied: there is all that it told, or a finished release.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from ..base.errors import PrivbenchError, some_of
from ..base.files import sha256, write_text
from ..base.folders import flush_all, flush_folder, give_to_owner, make_private
from ..base.locks import locked
from ..record.manifest import MANIFEST, ReleaseManifest
from .making import Made

HIDDEN, LOCK = ".privbench-unfinished", ".privbench-lock"
_OVER = ".privbench-over"
"""What was hidden, once the release needs it no more."""
_INDEX, _TERMS, _MAP = "index.jsonl", "terms", "map"


class Unfinished:
    """The release in a folder that this process alone fills."""

    def __init__(self, out: Path, terms: str) -> None:
        """Raises PrivbenchError where what lies there was begun by other terms.

        Args:
            out: the release's folder, which is there.
            terms: a digest of all that decides what is made of an image.
        """
        self.out, self.folder = out, out / HIDDEN
        begun_by = self.folder / _TERMS
        if not self.folder.exists():
            make_private(self.folder)
        if not begun_by.exists():
            write_text(begun_by, terms, for_good=True)
        elif begun_by.read_text(encoding="utf-8") != terms:
            raise PrivbenchError(
                f"{out} holds an unfinished release that other terms began (method, key or depth of "
                "images): give the command that began it, or another OUT."
            )
        self._index, self._map = self.folder / _INDEX, self.folder / _MAP

    def kept(self, marks: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Name and digest of what is done of images with these marks, by mark; all else that was done is removed."""
        wanted, kept = set(marks), {}
        for mark, name, digest in self._lines():
            whole = [place / name for place in (self.out, self.folder) if _is(place / name, digest)]
            if mark in wanted and whole:
                whole[0].replace(self.out / name)
                kept[mark] = name, digest
            elif mark not in wanted:  # its original is gone, or another
                (self.out / name).unlink(missing_ok=True)
        return kept

    def add(self, mark: str, made: Made) -> None:
        """Puts a file that is whole into its place. First the index tells of it, so that none lies there untold of."""
        with self._index.open("a", encoding="utf-8") as index:
            # The break goes first: what a full disk or a loss of power tore off is no part of the next line.
            index.write("\n" + json.dumps([mark, made.name, made.digest]) + "\n")
        (self.folder / made.name).replace(self.out / made.name)

    def claim(self, mark: str) -> None:
        """Notes by what the map is known that is written next, so that it may be written again."""
        write_text(self._map, mark)

    def claimed(self) -> str:
        """What was noted last; nothing where no map was written."""
        return self._map.read_text(encoding="utf-8") if self._map.exists() else ""

    def finish(self, manifest: ReleaseManifest) -> None:
        """Writes all to disk for good, then the manifest, and takes away what is hidden.

        Raises PrivbenchError where something else lies in the folder, which would be handed on with the release.
        """
        self._check_alone(manifest.files)
        give_to_owner(self.out)
        flush_all(self.out)
        part = self.folder / MANIFEST
        write_text(part, manifest.model_dump_json(indent=1), for_good=True)
        part.chmod(0o600)
        part.replace(self.out / MANIFEST)
        flush_folder(self.out)
        self.drop()

    def drop(self) -> None:
        """Takes away what is hidden, all of it at once for whoever comes after a kill."""
        over = self.out / _OVER
        self.folder.replace(over)
        flush_folder(self.out)
        shutil.rmtree(over)
        flush_folder(self.out)

    def _check_alone(self, files: Collection[str]) -> None:
        own = {*files, MANIFEST, HIDDEN, LOCK}
        if others := sorted(path.name for path in self.out.iterdir() if path.name not in own):
            raise PrivbenchError(
                f"{self.out} holds {some_of(others)}, which this release did not write: move that away, and give the "
                "command again."
            )

    def _lines(self) -> list[tuple[str, str, str]]:
        """The whole lines of the index; a later one of a name holds in place of an earlier."""
        found: dict[str, tuple[str, str, str]] = {}
        text = self._index.read_text(encoding="utf-8", errors="replace") if self._index.exists() else ""
        for line in text.split("\n")[:-1]:
            try:
                mark, name, digest = json.loads(line)
            except ValueError:  # torn, or empty
                continue
            found[name] = mark, name, digest
        return list(found.values())


def mark_of(key: bytes, name: str, path: Path) -> str:
    """What tells from which file, and which state of it, a release is made, to whoever has the key."""
    try:
        stat = path.stat()
        state = f"{stat.st_size} {stat.st_mtime_ns}"
    except OSError:  # whoever reads it tells
        state = ""
    told = f"made from\0{name}\0{state}".encode("utf-8", "surrogateescape")
    return hmac.new(key, told, hashlib.sha256).hexdigest()


def check_free(out: Path) -> bool:
    """Whether an unfinished release lies there, to go on with. Raises PrivbenchError where anything else does."""
    if not out.exists():
        return False
    if (out / HIDDEN).is_dir():
        return True
    if not out.is_dir():
        raise PrivbenchError(f"{out} is a file, where a folder belongs: choose another OUT.")
    if (out / MANIFEST).exists():
        raise PrivbenchError(f"{out} holds a finished release: verify it, or choose another OUT.")
    if any(path.name not in (LOCK, _OVER) for path in out.iterdir()):
        raise PrivbenchError(f"{out} holds files of others: choose a new folder as OUT.")
    return False


def clear(out: Path) -> None:
    """Takes away what a kill left behind when the release was finished already; all else stays."""
    if (out / _OVER).is_dir() or ((out / LOCK).exists() and not (out / HIDDEN).exists()):
        with locked(out / LOCK, f"waiting for another process that fills {out}"):
            if (out / _OVER).is_dir():
                shutil.rmtree(out / _OVER)


def _is(file: Path, digest: str) -> bool:
    return file.is_file() and not file.is_symlink() and sha256(file) == digest
