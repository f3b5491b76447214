"""The files of a release that somebody hands over, whether or not one knows whose they are: what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..base.errors import PrivbenchError, some_of
from ..data.notices import Notice
from ..data.problems import DataError, problems_of
from ..datasets.folders import FoundFile, find_files
from ..datasets.image_names import IMAGE_ENDINGS
from ..datasets.radiographs import survey
from ..plugins.declarations import check_name
from ..plugins.interfaces import DataRequest
from .found_release import FoundParams

_EIGHT_BITS = 8
_BY_ITSELF = (
    "the release's grey values have more than 8 bits: white is taken to be the whitest that {} bits hold, the fewest "
    "that hold all of them, whatever it is in the originals"
)


def check_claim(folder: Path, name: str, params: Mapping[str, Any]) -> None:
    """Raises PrivbenchError where a release has no folder, or a name or parameters that nothing can be called."""
    check_name(name, "The release")
    if taken := sorted(one for one in params if _is_taken(one)):
        raise PrivbenchError(f"The parameter {taken[0]!r} has a name that privbench uses itself: call it otherwise.")
    if not folder.is_dir():
        raise PrivbenchError(f"There is no folder {folder}: name the one that holds the released images.")


def _is_taken(name: str) -> bool:
    """Whether no parameter can be called so, because what holds them has something of that name, or Python would."""
    return name == "self" or name in FoundParams.model_fields or hasattr(FoundParams, name)


def released_files(folder: Path, paths: Iterable[str], problems: list[str]) -> dict[str, FoundFile]:
    """The files of those paths; what is wrong with them is added to the problems."""
    paths = list(dict.fromkeys(paths))
    try:
        found = find_files(folder, paths, "leave out")
    except DataError as error:
        problems += [problem.text for problem in error.problems]
        return {}
    if lost := [path for path in paths if path not in found]:
        problems.append(
            f"{len(lost)} released files are not there below {folder}: {some_of(lost)}; add them, or take their lines "
            "out of the map."
        )
    return found


def depth_of(
    files: Mapping[str, FoundFile], request: DataRequest, notices: list[Notice], problems: list[str]
) -> tuple[int, Mapping[str, tuple[int, int]]]:
    """The bits of the released grey values, and of each image the sides, width and height, in pixels.

    What is told of the files is added to the notices, what is wrong to the problems.
    """
    told: list[Notice] = []
    depth, sides = 0, dict[str, tuple[int, int]]()
    try:
        with ThreadPoolExecutor(request.workers) as pool:
            paths = {path: file.path for path, file in files.items()}
            collection = survey(paths, request.size, pool, told.append)
        depth, sides = collection.depth, dict(collection.sides)
    except PrivbenchError as error:
        problems += [problem.text for problem in problems_of(error, "")]
    notices += [replace(one, text=f"of the release, {one.text}") for one in told]
    if depth > _EIGHT_BITS:
        notices.append(Notice(_BY_ITSELF.format(depth)))
    return depth, sides


def is_image(name: str) -> bool:
    """Whether a file is called as an image."""
    return name.lower().endswith(IMAGE_ENDINGS)
