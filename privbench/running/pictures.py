"""Released pictures that stand for several originals, as methods of the k-Same family have it.

Whoever holds a release sees which of its files are the same. To link such a file with itself tells him nothing, and he
need not try; and of two files that show a patient both, he who says so is right, whatever other patients they show.
"""

from __future__ import annotations

import numpy as np

from ..data.gallery import Gallery
from ..data.pairs import Pairs


def pictures_of(gallery: Gallery, released: np.ndarray) -> np.ndarray:
    """Of each row a number that rows share whose released picture is the same; of those that are not released its own.

    One picture for all says nothing of any, so there each row counts by itself. Shape: (N,), bool, to (N,), int.
    """
    first: dict[bytes, int] = {}
    parts, own = (gallery.probes, *gallery.releases), np.arange(len(released))
    shared = own.copy()
    for row in np.flatnonzero(released):
        shared[row] = first.setdefault(b"".join(part[row].tobytes() for part in parts), int(row))
    return shared if len(first) > 1 else own


def pairs_of_two_pictures(pairs: Pairs, pictures: np.ndarray, patients: np.ndarray) -> Pairs:
    """The pairs but those of a picture with itself, and those non-mated ones whose pictures show a patient both.

    Where that would leave none that is mated, or none that is not, so few pictures tell nothing either: all stay.

    Shape: pictures and patients (N,), int.
    """
    kept = pictures[pairs.probe] != pictures[pairs.reference]
    numbers, counts = np.unique(pictures, return_counts=True)
    if counts.max(initial=0) <= 1:
        return pairs
    shown = {int(one): set(patients[pictures == one].tolist()) for one in numbers[counts > 1]}
    several = np.isin(pictures, list(shown))
    for place in np.flatnonzero(kept & ~pairs.mated & (several[pairs.probe] | several[pairs.reference])):
        ours, theirs = (
            shown.get(int(pictures[row]), {int(patients[row])}) for row in (pairs.probe[place], pairs.reference[place])
        )
        kept[place] = not ours & theirs
    if pairs.mated[kept].all() or not pairs.mated[kept].any():
        return pairs
    return Pairs(pairs.probe[kept], pairs.reference[kept], pairs.mated[kept])
