"""Whom did the anonymizer learn from? The scores of members and of others by whom an attack on them is judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..data.splits import SPLITS
from ..plugins.interfaces import MEMBERSHIP, InferenceAttack
from ..protocols.scenarios import threat_of
from ..record.scores import membership_scores, write_scores
from .halves import rows_to_judge
from .scoring import Scoring
from .stage_names import INFERENCE_FILE

if TYPE_CHECKING:
    from ..engine.node import Reads
    from ..learning.context import Context


class InferMembership(Scoring[InferenceAttack]):
    """Scores of training, validation and test patients whom the attack was not fitted to."""

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        attack, shown = self._ready(reads, ctx)
        kinds = threat_of(self.origin.scenario).test
        parts = []
        for name in SPLITS:
            split = shown.attacked(name)
            rows = rows_to_judge(split.patients, name)
            images = self._gallery(attack, shown, name, kinds).rows(rows)
            parts.append(membership_scores(self.origin, split, name, rows, attack.infer(images, ctx)[MEMBERSHIP]))
        write_scores(pd.concat(parts, ignore_index=True), folder / INFERENCE_FILE)
