"""A folder of released images beside the data set that they were made from: which is whose, and all that is wrong."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..base.errors import PrivbenchError, raise_all, some_of
from ..base.files import sha256
from ..data.notices import Notice
from ..data.problems import DataError
from ..data.splits import hold_out_validation
from ..data.squares import Fit
from ..datasets.folders import files_below
from ..datasets.image_names import resolve_names
from ..datasets.spreadsheets import read_spreadsheet
from ..protocols.schema import Protocol
from .decoding import sound_table
from .found_release import FoundRelease, ReleasedFile
from .released_files import check_claim, depth_of, is_image, released_files
from .setting import Setting

ORIGINAL, RELEASED = "original", "released"
"""The columns of a map."""
_OF_METHOD = (
    "the release was made elsewhere: whether its method draws noise, from whom it learnt and where it moves pixels is "
    "not known, and not judged"
)
_SQUARED = (
    "{} of {} released images are square as they come, and taken to show what data.fit = {} leaves of their originals: "
    "where these are not square and the tool squared them in another way, the two do not lie on each other, attacks "
    "and utility tasks find less, and figures may flatter the release"
)


@dataclass(frozen=True)
class Claim:
    """A release as somebody hands it over: its folder, which file is whose, and what its method is said to be.

    Without a `map_file` files are called as their originals.
    """

    folder: Path
    map_file: Path | None
    name: str
    params: Mapping[str, Any]


def found_release(claim: Claim, setting: Setting, protocol: Protocol) -> tuple[FoundRelease, list[Notice]]:
    """The release, for a pipeline, and what whoever reads its figures has to know.

    Raises PrivbenchError for all that is wrong with the folder, the map, the name and the parameters.
    """
    folder = claim.folder
    check_claim(folder, claim.name, claim.params)
    dataset, request = setting.data(protocol)
    request = replace(request, notice=lambda _: None)  # whoever reads the data tells it
    table = hold_out_validation(sound_table(dataset, request), protocol.data.validation, request.seed)
    originals = table["image"].tolist()
    problems: list[str] = []
    if claim.map_file is None:
        named = _by_names(folder, originals)
    else:
        named = _by_map(claim.map_file, originals, request.exclude.names, problems)
    given, named = set(named.values()), _by_one_path(folder, named)
    splits = dict(zip(originals, table["split"].astype(str), strict=True))
    problems += _learnt_and_tested(named, splits)
    files = released_files(folder, named.values(), problems)
    notices = [Notice(_OF_METHOD)]
    depth, sides = depth_of(files, request, notices, problems)
    notices += _squared(sides, request.fit)
    raise_all(problems)
    digests = {path: sha256(file.path) for path, file in files.items()}
    released = {original: ReleasedFile(path=path, digest=digests[path]) for original, path in named.items()}
    notices += _counted({original: file.digest for original, file in released.items()}, splits)
    if others := {path for path in files_below(folder) if is_image(path)} - given:
        notices.append(Notice(f"{len(others)} images of the release's folder are of no original, and are not judged"))
    return FoundRelease(
        release_name=claim.name,
        release_root=folder.absolute(),
        release_files=released,
        release_depth=depth,
        release_fit=protocol.data.fit,
        **claim.params,
    ), notices


def _by_names(folder: Path, originals: list[str]) -> dict[str, str]:
    """Of each original the path of the file that is called so, with the same ending, another one or none.

    Raises PrivbenchError where no file is called so, or a name is that of several files or originals.
    """
    found = _resolved(folder, originals)
    named = {name: path for name, path in found.items() if (folder / path).is_file()}
    stems = {name: os.path.splitext(name)[0] for name in originals if name not in named and is_image(name)}
    found = _resolved(folder, stems.values())
    named |= {name: found[stem] for name, stem in stems.items() if (folder / found[stem]).is_file()}
    if not named:
        raise PrivbenchError(
            f"No file below {folder} is called as an image of the data set, such as {originals[0]}: tell which is "
            "whose by --map; synthetic images, each made of no one original, are judged with --unpaired."
        )
    raise_all(
        [
            f"{path} is called as several images, {some_of(names)}: tell which it was made from by --map."
            for path, names in _grouped(named).items()
            if len(names) > 1
        ]
    )
    return named


def _resolved(folder: Path, names: Iterable[str]) -> dict[str, str]:
    try:
        return resolve_names(folder, names)
    except DataError as error:
        lost = [image for problem in error.problems for image in problem.images]
        raise PrivbenchError(
            f"Which files below {folder} are of {some_of(lost)} cannot be told by their names, because several are "
            "called so, or folders may not be looked into: tell it by --map."
        ) from error


def _by_map(
    map_file: Path, originals: Iterable[str], left_out: Mapping[str, str], problems: list[str]
) -> dict[str, str]:
    """Of each original that the map names the path of its file; what is wrong with the map is added to the problems.

    Lines of images that are `left_out` of the data count for nothing.
    """
    table = read_spreadsheet(map_file, (ORIGINAL, RELEASED)).texts
    if lacking := [column for column in (ORIGINAL, RELEASED) if column not in table.columns]:
        raise PrivbenchError(
            f"{map_file} has no column {' and no column '.join(lacking)}: give it {ORIGINAL}, an image as the data set "
            f"calls it, and {RELEASED}, the path of its file below the release's folder."
        )
    table = table[~table[ORIGINAL].isin(list(left_out))]
    whole = (table[[ORIGINAL, RELEASED]] != "").all(axis=1)
    if not whole.all():
        problems.append(f"{(~whole).sum()} lines of {map_file} lack a name: fill them, or take them out.")
    table, known = table[whole], set(originals)
    told = table[ORIGINAL].tolist()
    if strangers := [name for name in dict.fromkeys(told) if name not in known]:
        problems.append(
            f"{len(strangers)} originals of {map_file} are no images of the data set: {some_of(strangers)}; call them "
            f"as it does, such as {min(known)}."
        )
    if twice := [name for name, count in Counter(told).items() if count > 1]:
        problems.append(
            f"{len(twice)} originals stand on several lines of {map_file}: {some_of(twice)}; keep one each."
        )
    if not told:
        problems.append(f"{map_file} names no image of the data: fill it.")
    return dict(zip(told, table[RELEASED], strict=True))


def _squared(sides: Mapping[str, tuple[int, int]], fit: Fit) -> list[Notice]:
    """What has to be known where images come square, and originals are padded or cropped to become so."""
    square = sum(width == height for width, height in sides.values())
    if fit == "squeeze" or not square:
        return []
    return [Notice(_SQUARED.format(square, len(sides), fit))]


def _by_one_path(folder: Path, named: Mapping[str, str]) -> dict[str, str]:
    """The same, with one path of each file that has several, by links."""
    first: dict[tuple[int, int], str] = {}

    def one(path: str) -> str:
        try:
            seen = os.stat(folder / path)
        except (OSError, ValueError):  # whoever looks for the files tells what is wrong
            return path
        return first.setdefault((seen.st_dev, seen.st_ino), path)

    return {original: one(path) for original, path in named.items()}


def _learnt_and_tested(named: Mapping[str, str], splits: Mapping[str, str]) -> list[str]:
    """What is wrong where files stand for images of several splits."""
    files = _grouped(named)
    crossing = [path for path, names in files.items() if len({splits[name] for name in names if name in splits}) > 1]
    if not crossing:
        return []
    return [
        f"{len(crossing)} released files stand for images of several splits: {some_of(crossing)}; who learnt of a file "
        "whom it shows in one split would be misled in another, so release each split by itself, or choose splits so "
        "that no file belongs to two."
    ]


def _counted(digests: Mapping[str, str], splits: Mapping[str, str]) -> list[Notice]:
    """How many released pictures, told by their bytes, stand for several originals, and for those of several splits."""
    pictures, notices = _grouped(digests), []
    if shared := [names for names in pictures.values() if len(names) > 1]:
        several = f"released pictures stand for several originals, {sum(map(len, shared))} in all"
        notices.append(Notice(f"{len(shared)} of {len(pictures)} {several}"))
    if crossing := [names for names in shared if len({splits[name] for name in names}) > 1]:
        notices.append(
            Notice(
                f"{len(crossing)} of {len(pictures)} released pictures are byte for byte the same in several splits: "
                "attackers who learnt whom they show in one are misled in another, and figures may flatter the release"
            )
        )
    return notices


def _grouped(named: Mapping[str, str]) -> dict[str, list[str]]:
    """The originals by what is said of them."""
    groups: dict[str, list[str]] = defaultdict(list)
    for original, what in named.items():
        groups[what].append(original)
    return dict(groups)
