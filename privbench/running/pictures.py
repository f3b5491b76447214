"""Released pictures that stand for several originals, as methods of the k-Same family have it.

Whoever holds a release sees which of its files are the same. To link such a file with itself tells him nothing, and he
need not try; and of two files that show a patient both, he who says so is right, whatever other patients they show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ..data.gallery import Gallery
from ..data.pairs import Pairs


def first_alike(parts: Sequence[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Of each of these rows the first of them that it equals to the bit in all parts.

    Shape: parts (N, 1, H, W), uint8; rows (n,), int, to the same.
    """
    first: dict[bytes, int] = {}

    def digest(row: int) -> bytes:
        told = hashlib.sha256()
        for part in parts:
            told.update(np.ascontiguousarray(part[row]))
        return told.digest()

    return np.array([first.setdefault(digest(row), row) for row in rows.tolist()], np.int64)


def pictures_of(gallery: Gallery, released: np.ndarray | None = None) -> np.ndarray:
    """Of each row a number that rows share whose released picture is the same; of those that are not released its own.

    One picture for all says nothing of any, so there each row counts by itself. Where nothing is said all are released.

    Shape: (N,), bool, to (N,), int.
    """
    own = np.arange(len(gallery.probes))
    rows = own if released is None else np.flatnonzero(released)
    shared = own.copy()
    shared[rows] = first_alike((gallery.probes, *gallery.releases), rows)
    return shared if len(np.unique(shared[rows])) > 1 else own


def set_aside(pictures: np.ndarray, patients: np.ndarray, visits: np.ndarray, probes: np.ndarray) -> np.ndarray | None:
    """Of those released probes the originals that are neither mates nor strangers; None where no picture is shared.

    Who searches originals for whom a file shows is right with each of the patients it stands for. So originals of the
    others are no strangers; nor are they mates, as then a blind guess would be right once for each of them. And what
    was taken on a visit that the file was made of is in it: to find that is to find the image, and not its patient.

    A picture of every patient has no strangers and says nothing of any: it is compared as if it stood for one alone.

    Shape: pictures, patients and visits (N,), int, of all rows; probes (n,), int, rows; to (n, N), bool.
    """
    if not (shared := _shared(pictures)):
        return None
    aside = np.zeros((len(probes), len(pictures)), bool)
    for place, probe in enumerate(probes):
        if (made_of := shared.get(int(pictures[probe]))) is not None:
            aside[place] = _beside(patients[probe], patients, visits, made_of)
    return aside


def pairs_of_strangers(pairs: Pairs, pictures: np.ndarray, patients: np.ndarray, visits: np.ndarray) -> Pairs:
    """The pairs of a release and an original but those of an original that is set aside for that release.

    Mated pairs of one visit, which lists and some protocols have, stay, unless one file stands for both images. Where
    none that is mated, or none that is not, would be left, so few pictures tell nothing: all stay.

    Shape: pictures, patients and visits (N,), int.
    """
    if not (shared := _shared(pictures)):
        return pairs
    kept = np.ones(len(pairs), bool)
    together = (visits[pairs.probe] == visits[pairs.reference]) & (pictures[pairs.probe] != pictures[pairs.reference])
    for probe in np.unique(pairs.probe[np.isin(pictures[pairs.probe], list(shared))]):
        places = np.flatnonzero(pairs.probe == probe)
        aside = _beside(patients[probe], patients, visits, shared[int(pictures[probe])])
        kept[places] = ~aside[pairs.reference[places]] | together[places]
    return _some_of(pairs, kept)


def _shared(pictures: np.ndarray) -> dict[int, np.ndarray]:
    """The rows of each picture that stands for several. Shape: (N,), int."""
    numbers, counts = np.unique(pictures, return_counts=True)
    return {int(one): np.flatnonzero(pictures == one) for one in numbers[counts > 1]}


def _beside(patient: int, patients: np.ndarray, visits: np.ndarray, made_of: np.ndarray) -> np.ndarray:
    """What `set_aside` tells of a probe of that patient, whose file was made of those rows. Shape: (N,), bool."""
    shown = np.isin(patients, patients[made_of])
    if shown.all():
        return np.zeros(len(patients), bool)
    return (shown & (patients != patient)) | np.isin(visits, visits[made_of])


def pairs_of_two_pictures(pairs: Pairs, pictures: np.ndarray, patients: np.ndarray) -> Pairs:
    """The pairs but those of a picture with itself, and those non-mated ones whose pictures show a patient both.

    Where that would leave none that is mated, or none that is not, so few pictures tell nothing either: all stay.

    Shape: pictures and patients (N,), int.
    """
    kept = pictures[pairs.probe] != pictures[pairs.reference]
    shown = {picture: set(patients[rows].tolist()) for picture, rows in _shared(pictures).items()}
    if not shown:
        return pairs
    several = np.isin(pictures, list(shown))
    for place in np.flatnonzero(kept & ~pairs.mated & (several[pairs.probe] | several[pairs.reference])):
        ours, theirs = (
            shown.get(int(pictures[row]), {int(patients[row])}) for row in (pairs.probe[place], pairs.reference[place])
        )
        kept[place] = not ours & theirs
    return _some_of(pairs, kept)


def _some_of(pairs: Pairs, kept: np.ndarray) -> Pairs:
    """Those pairs; all of them where none that is mated, or none that is not, would be left. Shape: (n,), bool."""
    if pairs.mated[kept].all() or not pairs.mated[kept].any():
        return pairs
    return Pairs(pairs.probe[kept], pairs.reference[kept], pairs.mated[kept])
