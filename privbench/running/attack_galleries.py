"""What the attacks of a run are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..data.gallery import Gallery, KnownGallery
from ..data.splits import COLUMNS
from ..protocols.kinds import Compared, Kind
from .halves import rows_that_are_known
from .pictures import pairs_of_strangers, pairs_of_two_pictures, pictures_of

if TYPE_CHECKING:
    from ..data.pairs import Pairs
    from ..data.splits import Split
    from ..plugins.interfaces import Attack
    from .source import Shown


def gallery(shown: Shown, split: str, kinds: Compared, attack: Attack) -> Gallery:
    """Images of a split that are released: probes and references of those kinds, and further releases where the
    attack wants them.
    """
    images = {Kind.ORIGINAL: shown.attacked(split).images}
    if shown.releases:
        images[Kind.ANONYMIZED] = shown.releases[0][split]
    more = shown.releases[1 : attack.releases] if kinds.probes is Kind.ANONYMIZED else []
    return Gallery(images[kinds.probes], images[kinds.references], tuple(release[split] for release in more))


def searched_gallery(shown: Shown, split: str, kinds: Compared, attack: Attack) -> Gallery:
    """All that an attacker searches: every original of a split, or every release.

    Beside an original that is not released another one's release stands as the probe: nobody asks for its scores.
    """
    there = gallery(shown, split, kinds, attack)
    if split not in shown.published or kinds is Compared.RELEASES:
        return there
    originals, rows = shown.originals[split].images, shown.published[split]
    if kinds is Compared.ORIGINALS:
        return Gallery(originals, originals)
    stands = np.arange(len(originals)) % len(rows)
    stands[rows] = np.arange(len(rows))
    return Gallery(there.probes[stands], originals, tuple(release[stands] for release in there.releases))


def known_gallery(shown: Shown, split: str, kinds: Compared, attack: Attack) -> KnownGallery:
    """Images with what an attacker may know of who is on them; of members and others not those who are judged.

    Originals alone are those of images that are not released, too; but for who infers membership, because whom he
    knows and by whom he is judged are told apart by their places among patients of whom images are released.
    """
    if kinds is Compared.ORIGINALS and not attack.infers_membership:
        part = shown.originals[split]
        images = Gallery(part.images, part.images)
    else:
        part, images = shown.attacked(split), gallery(shown, split, kinds, attack)
    table = part.table[[column for column in COLUMNS if column != "split"]]
    pairs = told_apart(images, part, kinds)
    if attack.infers_membership:
        rows = rows_that_are_known(part.patients)
        images, pairs, table = images.rows(rows), pairs.among(rows), table.iloc[rows].reset_index(drop=True)
    return KnownGallery(images.probes, images.references, images.releases, pairs=pairs, table=table)


def told_apart(images: Gallery, part: Split, kinds: Compared) -> Pairs:
    """The pairs of those images of a split, but where one released file stands for images of both sides."""
    if kinds is Compared.ORIGINALS:
        return part.pairs
    pictures = pictures_of(images)
    if kinds is Compared.RELEASES:
        return pairs_of_two_pictures(part.pairs, pictures, part.patients)
    return pairs_of_strangers(part.pairs, pictures, part.patients, part.visits)
