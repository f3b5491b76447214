"""What the attacks of a run are shown, and how one is fitted to it in a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.gallery import Gallery, KnownGallery
from ..data.splits import COLUMNS, Split
from ..learning.context import Context
from ..plugins.interfaces import Attack
from ..protocols.kinds import Compared, Kind
from .fitting import keep_what_is_learnt
from .stage_names import DATA, RELEASE, StageName

if TYPE_CHECKING:
    from ..learning.guidance import Guidance
    from .stages import Produce


@dataclass(frozen=True)
class AttackGalleries:
    """The images of a run as attacks see them.

    `released` holds the releases by number and split, the first of them the one under attack; `unchanged` tells that
    it is the original data to the bit. Then anonymized images are taken for the originals that they are, and no attack
    is trained twice on the same.
    """

    splits: Mapping[str, Split]
    released: Sequence[Mapping[str, np.ndarray]]
    unchanged: bool

    def fitting(self, attack: Attack, kinds: Compared, guidance: Guidance) -> Produce:
        """What fits the attack to training and validation images of those kinds, for a stage."""

        def produce(folder: Path, ctx: Context) -> None:
            train, val = self._known("train", kinds, attack), self._known("val", kinds, attack)
            keep_what_is_learnt(attack, lambda one: one.fit(train, val, guidance, ctx), folder)

        return produce

    def distinct(self, kinds: Compared) -> Compared:
        """The kinds of images that are really there."""
        return Compared.ORIGINALS if self.unchanged else kinds

    def inputs(self, attack: Attack, kinds: Compared) -> list[StageName]:
        """The stages that hold the images which the attack sees."""
        if kinds is Compared.ORIGINALS:
            return [DATA]
        further = range(1, min(attack.releases, len(self.released)))
        return [DATA, RELEASE, *(StageName(RELEASE.kind, number=number) for number in further)]

    def gallery(self, split: str, kinds: Compared, attack: Attack) -> Gallery:
        """The images of a split, probes and references of those kinds."""
        images = {Kind.ORIGINAL: self.splits[split].images, Kind.ANONYMIZED: self.released[0][split]}
        more = self.released[1 : attack.releases] if kinds.probes is Kind.ANONYMIZED else []
        return Gallery(images[kinds.probes], images[kinds.references], tuple(release[split] for release in more))

    def _known(self, split: str, kinds: Compared, attack: Attack) -> KnownGallery:
        part, gallery = self.splits[split], self.gallery(split, kinds, attack)
        table = part.table[[column for column in COLUMNS if column != "split"]]
        return KnownGallery(gallery.probes, gallery.references, gallery.releases, pairs=part.pairs, table=table)
