"""Which files of a folder are radiographs, and where their release may go."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import PrivbenchError
from ..datasets.dicom_files import is_dicom

_ENDINGS = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom"}
_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*")


@dataclass(frozen=True)
class Sources:
    """The images of a folder, by their paths from it; how many other files it holds, and why some cannot be read."""

    images: dict[str, Path] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def find_sources(source: Path) -> Sources:
    """The images below a folder, in the order of their names; or the one file.

    Whatever is called as an image counts as one, and so does what begins as one. Links to files are followed; links to
    folders, which may lead in a circle, are told as problems.

    Raises:
        PrivbenchError: there is nothing of that name, or no image.
    """
    if not source.exists():
        raise PrivbenchError(f"There is no file or folder {source}: check the path of IN.")
    if not source.is_dir():
        return Sources({source.name: source})
    found = Sources()
    for place, folders, files in os.walk(source, onerror=lambda error: found.problems.append(_unread(error))):
        folders.sort()
        for name in [one for one in folders if Path(place, one).is_symlink()]:
            found.problems.append(f"{Path(place, name)} is a link to a folder, which is not followed: name that as IN.")
        for name in sorted(files):
            path = Path(place, name)
            if path.exists() and not path.is_file():  # to open a pipe is to wait for who writes into it
                found.problems.append(f"{path} is a pipe or a device, and no file: take it out.")
            elif _is_image(path):
                found.images[path.relative_to(source).as_posix()] = path
            else:
                found.others.append(str(path))
    if not found.images and not found.problems:
        raise PrivbenchError(f"{source} holds no PNG, JPEG, TIFF or DICOM file: check the path of IN.")
    return found


def check_places(source: Path, out: Path, outside: dict[str, Path]) -> None:
    """Raises PrivbenchError where OUT would lie in IN or around it, or a file of these options in either.

    Args:
        source: IN.
        out: OUT.
        outside: by option, files that may not lie in OUT, which is handed on, nor in IN, which is never written to,
            and of which each is another one.
    """
    # Where they lead, so that no link hides where something lies.
    whole, target = _really(source), _really(out)
    if target.is_relative_to(whole) or whole.is_relative_to(target):
        raise PrivbenchError(f"OUT {out} and IN {source} lie in one another: choose a folder beside IN.")
    options: dict[Path, str] = {}
    for option, file in outside.items():
        if (other := options.setdefault(_really(file), option)) != option:
            raise PrivbenchError(f"{other} and {option} are one file, {file}: choose another place for one of them.")
        if _really(file).is_relative_to(whole):
            raise PrivbenchError(f"{option} {file} lies in IN, which is never written to: choose another place.")
        if _really(file).is_relative_to(target):
            raise PrivbenchError(
                f"{option} {file} lies in OUT, and tells whoever gets that folder who is who: choose another place."
            )


def _really(path: Path) -> Path:
    """Where a path leads; one that leads in a circle, which is told where it is used, leads to itself."""
    return Path(os.path.realpath(path))


def _is_image(path: Path) -> bool:
    if path.suffix.lower() in _ENDINGS or is_dicom(path):
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(_STARTS[0])).startswith(_STARTS)
    except OSError:  # whoever reads it tells
        return True


def _unread(error: OSError) -> str:
    return f"Folder {error.filename} cannot be read ({error.strerror}): grant the permission, or take it out."
