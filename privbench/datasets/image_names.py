"""Which file below a folder a name means that is no path from it: tables often tell the end of a path alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..base.errors import some_of
from ..data.problems import Problem, raise_problems
from .folders import files_below

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")


def resolve_names(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Of each name the path of its file below a folder, as far as there is one.

    That is the name itself, where a file lies there; else the path of the one file below the folder that ends in the
    name, or in the name and the ending of an image. A name that no file has stands for itself.

    Raises:
        DataError: more than one file has a name, or none has it and some folders may not be looked into.
    """
    paths = {name: name for name in names}
    shortened = {name for name in paths if name and not os.path.isfile(os.path.join(root, name))}
    if not shortened:
        return paths
    closed: list[str] = []
    whole, without_ending = _matches(files_below(root, closed), shortened)
    found = {name: _distinct(root, whole.get(name) or without_ending.get(name, [])) for name in sorted(shortened)}
    problems = [
        Problem(
            "several files of a name",
            f"{name!r} may be {' or '.join(files[:2])} below {root}: tell its path, such as by columns in "
            "data.params.path.",
            (name,),
        )
        for name, files in found.items()
        if len(files) > 1
    ]
    lost = [name for name, files in found.items() if not files]
    if lost and closed:
        text = (
            f"{len(lost)} images are listed and were not found below {root}, where {len(closed)} folders may not be "
            f"looked into: {some_of(closed)}; let whoever runs this read them."
        )
        problems.append(Problem("no permission", text, tuple(lost)))
    raise_problems(problems)
    return paths | {name: files[0] for name, files in found.items() if files}


def _distinct(root: Path, files: Iterable[str]) -> list[str]:
    """One path of each file, in order: one that is no link, where there is any."""
    paths: dict[str, str] = {}
    for file in sorted(files, key=lambda file: (os.path.islink(os.path.join(root, file)), file)):
        paths.setdefault(os.path.realpath(os.path.join(root, file)), file)
    return sorted(paths.values())


def _matches(files: Iterable[str], names: set[str]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Of each name the files whose paths end in it, and those whose paths do so without the ending of an image."""
    whole: dict[str, list[str]] = {}
    without_ending: dict[str, list[str]] = {}
    lengths = sorted({name.count("/") + 1 for name in names})
    for file in files:
        parts = file.split("/")
        for length in lengths:
            if length > len(parts):
                break
            end = "/".join(parts[-length:])
            stem, ending = os.path.splitext(end)
            if end in names:
                whole.setdefault(end, []).append(file)
            if stem in names and ending.lower() in IMAGE_ENDINGS:
                without_ending.setdefault(stem, []).append(file)
    return whole, without_ending
