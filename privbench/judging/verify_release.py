"""Does a release hold? Every file is the one that its manifest tells, and nothing lies beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..base.files import sha256
from ..record.manifest import MANIFEST, ReleaseManifest, read_manifest


def verify_release(folder: Path) -> Iterator[str]:
    """Everything in a release that does not hold, one sentence each.

    That it was edited together with its manifest is not seen: whoever has to exclude that compares the manifest's own
    digest with one that he got another way.

    Raises:
        PrivbenchError: the folder holds no release, or a manifest that cannot be read.
    """
    manifest = read_manifest(folder)
    if (folder / MANIFEST).is_symlink():
        yield f"{MANIFEST} is a link: what it leads to may be another one elsewhere"
    yield from _consistency(manifest)
    unread: list[OSError] = []
    lying = set(_files_below(folder, unread)) - {MANIFEST}
    for error in unread:
        yield f"what lies in {error.filename} cannot be seen ({error.strerror})"
    for name, digest in manifest.files.items():
        file = folder / name
        if name not in lying:
            yield f"{name} is missing"
        elif file.is_symlink() or not file.is_file():
            yield f"{name} is a link, or no file at all"
        elif sha256(file) != digest:
            yield f"{name} was changed: its digest is not the one in {MANIFEST}"
    for name in sorted(lying - manifest.files.keys()):
        yield f"{name} lies there, and {MANIFEST} does not tell of it"


def _consistency(manifest: ReleaseManifest) -> Iterator[str]:
    if manifest.own_digest() != manifest.digest:
        yield f"{MANIFEST} was changed: its digest is not that of what it tells"
    if manifest.images != len(manifest.files):
        yield f"{MANIFEST}: it counts {manifest.images} images and lists {len(manifest.files)}"
    if manifest.evidence is not None and manifest.evidence.size != manifest.size:
        yield f"{MANIFEST}: the method was judged at {manifest.evidence.size} pixels and applied at {manifest.size}"


def _files_below(folder: Path, unread: list[OSError]) -> Iterator[str]:
    """The paths of all that lies in a folder but of the folders that hold something themselves.

    Why folders cannot be read is added to `unread`.
    """
    for place, folders, files in os.walk(folder, onerror=unread.append):
        links = [name for name in folders if Path(place, name).is_symlink()]
        if not folders and not files and Path(place) != folder:
            yield Path(place).relative_to(folder).as_posix()
        for name in (*files, *links):
            yield Path(place, name).relative_to(folder).as_posix()
