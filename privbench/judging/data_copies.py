"""Radiographs that stand more than once in a data set, and images without content, as findings of a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..data.likeness import Likeness
from ..metrics.near_copies import nearest_earlier
from ..record.data_check import DataFinding, Weight

_NAMED = 3
_WHOSE = "find out whose each is, and list it once"


class ShownFinding(NamedTuple):
    """A finding, and which images are shown together where it is looked at, by name."""

    finding: DataFinding
    groups: Sequence[tuple[str, ...]]


def found_copies(
    likeness: Likeness, names: Sequence[str], vectors: np.ndarray, patients: Mapping[str, str] | None
) -> Iterator[ShownFinding]:
    """What there is of copies, to the pixel and nearly, and of blank images.

    A copy under another patient's name makes two patients of one: both images are named. Of copies of one patient the
    later ones are; near ones may be two exposures, and are only to be looked at.

    Args:
        likeness: saw all images.
        names: of the images.
        vectors: as `signatures` gives them. Shape: (N, D), float32.
        patients: of each image whose it is; None where nobody knows.
    """
    exact = likeness.copies
    later = {name for _, name in exact}
    rows = [row for row, name in enumerate(names) if name not in later]
    first, _ = nearest_earlier(vectors[rows])
    near = [(names[rows[one]], names[rows[row]]) for row, one in enumerate(first) if one >= 0]
    for found, kind, how in ((exact, "copy", "to the pixel"), (near, "near copy", "nearly")):
        of_two, of_one, whose = [], found, "others"
        if patients is not None:
            of_two = [pair for pair in found if patients[pair[0]] != patients[pair[1]]]
            of_one = [pair for pair in found if patients[pair[0]] == patients[pair[1]]]
            whose = "others of their patient"
        yield from _found(f"{kind}, two patients", f"copies of another patient's, {how}", _WHOSE, of_two, len(names))
        weight: Weight = "mend" if found is exact else "look"
        remedy = "list it once" if found is exact else "look whether one was saved twice"
        yield from _found(kind, f"copies of {whose}, {how}", remedy, of_one, len(names), weight, 1)
    blank = [(name,) for name in likeness.blank]
    yield from _found("blank", "of one grey value", "export them again, or remove them", blank, len(names))


def _found(
    kind: str,
    what: str,
    remedy: str,
    groups: Sequence[tuple[str, ...]],
    count: int,
    weight: Weight = "mend",
    stays: int = 0,
) -> Iterator[ShownFinding]:
    """The finding, if any; the first so many images of each group may stay."""
    if groups:
        named = ", ".join(" = ".join(group) for group in groups[:_NAMED])
        text = f"{len(groups)} of {count} images are {what}, such as {named}: {remedy}."
        images = tuple(dict.fromkeys(name for group in groups for name in group[stays:]))
        yield ShownFinding(DataFinding(kind=kind, weight=weight, text=text, images=images), groups)
