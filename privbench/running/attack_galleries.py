"""What the attacks of a run are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..data.gallery import Gallery, KnownGallery
from ..data.splits import COLUMNS
from ..protocols.kinds import Compared, Kind
from .halves import rows_that_are_known

if TYPE_CHECKING:
    from ..plugins.interfaces import Attack
    from .source import Shown


def gallery(shown: Shown, split: str, kinds: Compared, attack: Attack) -> Gallery:
    """Images of a split: probes and references of those kinds, and further releases where the attack wants them."""
    images = {Kind.ORIGINAL: shown.originals[split].images}
    if shown.releases:
        images[Kind.ANONYMIZED] = shown.releases[0][split]
    more = shown.releases[1 : attack.releases] if kinds.probes is Kind.ANONYMIZED else []
    return Gallery(images[kinds.probes], images[kinds.references], tuple(release[split] for release in more))


def known_gallery(shown: Shown, split: str, kinds: Compared, attack: Attack) -> KnownGallery:
    """The same, with what an attacker may know of who is on them; of members and others not those who are judged."""
    part, images = shown.originals[split], gallery(shown, split, kinds, attack)
    pairs, table = part.pairs, part.table[[column for column in COLUMNS if column != "split"]]
    if attack.infers_membership:
        rows = rows_that_are_known(part.patients)
        images, pairs, table = images.rows(rows), pairs.among(rows), table.iloc[rows].reset_index(drop=True)
    return KnownGallery(images.probes, images.references, images.releases, pairs=pairs, table=table)
