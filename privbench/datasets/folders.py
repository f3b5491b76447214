"""Folders of data that people hold: whether there is one, and where the files of a list lie below it."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from ..base.errors import PrivbenchError, some_of
from ..data.problems import Problem, raise_problems

_MISSING = "missing file"
_PROBLEMS = {
    "path leads out": ("do not lie below {root}", "write paths below it, without .. and links that lead out"),
    _MISSING: ("are not there below {root}", "add them, or set data.params.missing='leave out'"),
    "no permission": ("may not be looked at below {root}", "let whoever runs this read them"),
    "roundabout path": ("have a shorter path", "write it, without . and slashes in a row"),
    "file listed twice": ("are the file of another name", "list every file once"),
}
"""What may be wrong with a name of a list, in a word, in a sentence, and what to do."""
_NAME_IT = "name the data set's folder with --data-root (--originals of audit)"
Missing = Literal["refuse", "leave out"]
"""What becomes of a list that names files which are not there."""


class FoundFile(NamedTuple):
    """A file of a list: where it lies, its bytes, when it was changed (nanoseconds), and what `mark_of` says of it."""

    path: Path
    size: int
    changed: int
    mark: str


def data_folder(root: Path | None, dataset: str) -> Path:
    """The folder of a data set that lies on disk. Raises PrivbenchError where none is named, or it is no folder."""
    if root is None:
        raise PrivbenchError(
            f"The data set {dataset} lies on disk: name its folder with --data-root, or its part's root."
        )
    if root.is_file():
        raise PrivbenchError(f"{root} is a file: name the folder that holds the data set with --data-root.")
    if root.is_symlink() and not root.exists():
        raise PrivbenchError(f"{root} is a link that leads nowhere: {_NAME_IT}.")
    if not root.is_dir():
        raise PrivbenchError(f"There is no folder {root}: {_NAME_IT}.")
    return root


def find_files(root: Path, names: Iterable[str], missing: Missing = "refuse") -> dict[str, FoundFile]:
    """The files of those names, which are paths below a folder. One look at each; whatever else lies there is ignored.

    Raises:
        DataError: names that lead out of the folder, by themselves or by a link, that can be written shorter, and
            files that are not there, unless these may be missing, may not be looked at, or have two names.
    """
    base = os.path.realpath(root)
    inside: dict[str, bool] = {}
    found: dict[str, FoundFile] = {}
    files: set[tuple[int, int]] = set()
    wrong: dict[str, list[str]] = {problem: [] for problem in _PROBLEMS}
    for name in names:
        seen = _looked_up(base, name, inside)
        if seen == _MISSING and missing == "leave out":
            continue
        if isinstance(seen, str):
            wrong[seen].append(name)
        elif name not in found and (seen.st_dev, seen.st_ino) in files:
            wrong["file listed twice"].append(name)
        else:
            files.add((seen.st_dev, seen.st_ino))
            found[name] = _found(root / name, seen)
    raise_problems(
        [
            Problem(kind, f"{len(told)} images are listed and {problem.format(root=root)}: {some_of(told)}; {remedy}.",
                    tuple(told))
            for (kind, told), (problem, remedy) in zip(wrong.items(), _PROBLEMS.values(), strict=True)
            if told
        ]
    )  # fmt: skip
    return found


def files_below(root: Path, closed: list[str] | None = None) -> Iterator[str]:
    """The paths of all files below a folder, with `/`, in no order; with links to files, and none to folders.

    Folders that may not be looked into are added to `closed`. Raises PrivbenchError for one where nobody asks for them.
    """
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    elif entry.is_file(follow_symlinks=False) or (entry.is_symlink() and os.path.isfile(entry.path)):
                        yield path
        except PermissionError:
            if closed is None:
                raise PrivbenchError(
                    f"The folder {root / folder} may not be looked into: let whoever runs this read it."
                ) from None
            closed.append(folder)


def all_files(root: Path) -> dict[str, FoundFile]:
    """Every file below a folder, by its path from there, in the order of these. Links are passed over.

    Raises:
        PrivbenchError: a folder below may not be looked into, or a name is no text.
    """
    names = sorted(name for name in files_below(root) if not os.path.islink(os.path.join(root, name)))
    if foreign := [name for name in names if _is_no_text(name)]:
        raise PrivbenchError(f"{foreign[0]!a} below {root} is no name in UTF-8: rename it.")
    seen = {name: _seen(os.path.join(root, name)) for name in names}
    return {name: _found(root / name, one) for name, one in seen.items() if one is not None}


def mark_of(seen: os.stat_result) -> str:
    """Tells a file from all others, also from copies that kept its time, and from itself before a change."""
    return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_dev} {seen.st_ino} {seen.st_ctime_ns}"


def _found(path: Path, seen: os.stat_result) -> FoundFile:
    return FoundFile(path, seen.st_size, seen.st_mtime_ns, mark_of(seen))


def _is_no_text(name: str) -> bool:
    """Whether bytes of the name are none of UTF-8; Python shows them as halves of a character."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _looked_up(base: str, name: str, inside: dict[str, bool]) -> os.stat_result | str:
    """What lies there, or which problem it has; `inside` remembers which folders lie below the base."""
    if "\0" in name:
        return _MISSING
    folder = os.path.dirname(name)
    if folder not in inside:
        inside[folder] = _leads_inside(base, folder)
    if not inside[folder]:
        return "path leads out"
    if name and name != posixpath.normpath(name):
        return "roundabout path"
    place = os.path.join(base, name)
    try:
        seen = _seen(place)
        if seen is not None and stat.S_ISLNK(seen.st_mode):
            if not _leads_inside(base, name):
                return "path leads out"
            seen = _seen(os.path.realpath(place))
    except PermissionError:
        return "no permission"
    return seen if seen is not None and stat.S_ISREG(seen.st_mode) else _MISSING


def _leads_inside(base: str, name: str) -> bool:
    """Whether a path stays below a folder, whose real path is given, and goes on doing so where it is a link."""
    if os.path.isabs(name) or ".." in name.split("/"):
        return False
    real = os.path.realpath(os.path.join(base, name))
    return real == base or real.startswith(base.rstrip(os.sep) + os.sep)


def _seen(place: str) -> os.stat_result | None:
    """What is there; None where nothing is, or nothing can be, as under a name that is too long."""
    try:
        return os.lstat(place)
    except PermissionError:
        raise
    except OSError:
        return None
