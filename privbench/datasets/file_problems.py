"""What is wrong with files below a folder, whatever a table says of the images in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ..data.notices import Notice
from ..data.problems import UNREADABLE, DataError, Problem
from ..plugins.interfaces import DataRequest
from .folders import Missing, find_files
from .image_names import resolve_names
from .radiographs import read_chunks, survey

_Found = TypeVar("_Found")


def problems_of_files(root: Path, images: Sequence[str], missing: Missing, request: DataRequest) -> list[Problem]:
    """What a run would refuse of the files of those images: names that lead nowhere, files that are no sound pictures.

    Args:
        root: the folder below which they lie.
        images: by their paths, or by the names that a table has for them.
        missing: whether files may be missing.
        request: how they would be read; what it notices is told by whoever reads all.
    """
    problems: list[Problem] = []
    paths = _looked_at(images, problems, lambda names: resolve_names(root, names))
    named = {path: name for name, path in paths.items()}
    files = _looked_at(list(named), problems, lambda names: find_files(root, names, missing))
    problems += problems_of_pictures({name: file.path for name, file in files.items()}, request)
    return [replace(one, images=tuple(named.get(path, path) for path in one.images)) for one in problems]


def problems_of_pictures(files: Mapping[str, Path], request: DataRequest) -> list[Problem]:
    """What a run would refuse of what those files hold, by the names of their images."""
    problems: list[Problem] = []
    with ThreadPoolExecutor(request.workers) as pool:
        seen = _looked_at(
            list(files),
            problems,
            lambda names: dict.fromkeys(
                names, survey({name: files[name] for name in names}, request.size, pool, _ignored)
            ),
        )
    sound, done = list(seen), 0
    # What decoding makes of grey values, and thus their depth, is of no account here.
    for chunk in read_chunks([files[name] for name in sound], None, 8, request) if sound else ():
        problems += [Problem(UNREADABLE, text, (sound[done + place],)) for place, text in sorted(chunk.broken.items())]
        done += len(chunk.images)
    return problems


def _looked_at(
    names: Sequence[str], problems: list[Problem], look: Callable[[Sequence[str]], dict[str, _Found]]
) -> dict[str, _Found]:
    """What a look at those names finds, without those of which it finds something wrong, which is added."""
    left = list(names)
    while left:
        try:
            return look(left)
        except DataError as error:
            problems += error.problems
            wrong = {name for one in error.problems for name in one.images}
            if not wrong & set(left):
                return {}
            left = [name for name in left if name not in wrong]
    return {}


def _ignored(notice: Notice) -> None:
    """Images that are enlarged are told of where all are read."""
