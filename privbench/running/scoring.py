"""What all scores of attacks begin with: an attack that knows what it learnt, and the images that it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ..data.gallery import Gallery
from ..learning.states import load_state
from ..plugins.interfaces import Attack
from ..protocols.kinds import Compared
from ..record.scores import AttackOrigin
from .attack_galleries import gallery, searched_gallery
from .source import Shown, Source
from .stage_names import StageName

if TYPE_CHECKING:
    from ..engine.node import Reads
    from ..learning.context import Context

Scores = TypeVar("Scores", bound=Attack)


@dataclass(frozen=True)
class Scoring(Generic[Scores]):
    """What scores an attack in one scenario has. `learnt` is the stage that it was trained in.

    `unchanged` tells that releases are the originals to the bit, and are taken for them.
    """

    attack: Scores
    origin: AttackOrigin
    unchanged: bool
    learnt: StageName
    source: Source

    def _ready(self, reads: Reads, ctx: Context) -> tuple[Scores, Shown]:
        """An instance that knows what was learnt, and the images."""
        attack = self.attack.anew()
        attack.load_state(load_state(reads[self.learnt]), ctx.device)
        return attack, self.source.shown(reads)

    def _gallery(self, attack: Scores, shown: Shown, split: str, kinds: Compared) -> Gallery:
        return gallery(shown, split, there(kinds, self.unchanged), attack)

    def _searched(self, attack: Scores, shown: Shown, split: str, kinds: Compared) -> Gallery:
        return searched_gallery(shown, split, there(kinds, self.unchanged), attack)


def there(kinds: Compared, unchanged: bool) -> Compared:
    """The kinds of images that are really there."""
    return Compared.ORIGINALS if unchanged else kinds
