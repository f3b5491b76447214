"""Folders that a file in them tells to be written by privbench, and what of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import __version__
from ..base.errors import PrivbenchError, some_of
from ..base.marking import listed, mark
from ..base.placing import OPTION, Place, changed


@contextmanager
def marked_folder(path: Path, marker: str, kind: str) -> Iterator[Path]:
    """A new folder to write into, which takes the place of `path` when the block ends well, and vanishes otherwise.

    What the user put there is carried over.

    Args:
        path: as the user named it.
        marker: the name of the file that makes a folder one of this kind, and lists its files with their digests.
        kind: what such a folder is called.

    Raises:
        PrivbenchError: something is in the way that may not be replaced; before anything is written.
    """

    def written(folder: Path) -> set[str]:
        return {marker, *listed(folder, marker)}

    def check() -> None:
        if place.is_free:
            return
        if not (place.whole / marker).is_file():
            raise PrivbenchError(f"{path} holds something else than a {kind} of privbench: choose another {OPTION}.")
        if edited := changed(place.whole, listed(place.whole, marker)):
            raise PrivbenchError(
                f"Since the {kind} in {path} was written, {some_of(edited)} changed: "
                f"move that away, or choose another {OPTION}."
            )

    place = Place(path, written)
    with place.filled(check, f"waiting for another {kind} that fills {path}") as part:
        yield part
        mark(part, marker, privbench=__version__)
