"""Images that a run does without, because somebody has listed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import PrivbenchError, some_of
from ..base.files import read_text, write_text

_REMEDY = "check data.exclude_file, or leave it out"


@dataclass(frozen=True)
class Exclusion:
    """Names of images that are left out, before anything is checked of them.

    `names` are those of a data set, each with what the list calls it. `met` notes which of these anybody has met, and
    is shared with the exclusions of its parts.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, names: Iterable[str]) -> Exclusion:
        return cls({name: name for name in names})

    def keeps(self, images: Iterable[str]) -> list[bool]:
        """Whether each of the images stays."""
        kept = []
        for name in images:
            kept.append(name not in self.names)
            if not kept[-1]:
                self.met.add(self.names[name])
        return kept

    def of_part(self, part: str) -> Exclusion:
        """The exclusion of a part of a data set, whose images are called `part/image` in the whole."""
        start = f"{part}/"
        own = {name.removeprefix(start): told for name, told in self.names.items() if name.startswith(start)}
        return Exclusion(own, self.met)

    def check(self) -> None:
        """Raises PrivbenchError where names are those of no image, once all tables have passed."""
        if lost := sorted(set(self.names.values()) - self.met):
            raise PrivbenchError(
                f"{len(lost)} images are to be left out and stand in no table: {some_of(lost)}; take them out of the "
                "list of data.exclude_file."
            )


def read_exclusion(path: Path) -> Exclusion:
    """The names in a UTF-8 text, one a line; empty lines count for nothing. Raises PrivbenchError as `read_text`."""
    return Exclusion.of(line for line in read_text(path, _REMEDY).split("\n") if line.strip())


def write_exclusion(names: Iterable[str], path: Path) -> None:
    """Writes a list that `read_exclusion` reads. Raises PrivbenchError where a name cannot stand on one line."""
    names = sorted(names)
    if wrong := [name for name in names if not name.strip() or len(f"{name}.".splitlines()) > 1]:
        raise PrivbenchError(f"The name {wrong[0]!r} cannot stand on a line of {path}: give that image another name.")
    write_text(path, "".join(f"{name}\n" for name in names))
