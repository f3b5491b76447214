"""Sorts anonymizers whose truth is known: does the worst case tell hiding from removing?"""

from __future__ import annotations

from dataclasses import dataclass

from ...evaluate.release import LINKED_FROM, MARGIN_KEPT
from ...metrics.roc import margin_kept
from ...record.run import RunRecord
from ..ranking import strongest
from .catalogue import HIDES, REMOVES, Trap

OPEN = "open"
"""Of a run: it is not beaten, and something of the picture is in it. Also the run's own word for it."""


@dataclass(frozen=True)
class SelfTestResult:
    """An anonymizer, what is true of it (None: not known), and what the attacks say.

    `copies` is true of it too: it releases other patients' originals.
    """

    name: str
    truth: str | None
    copies: bool
    paper_auc: float | None
    worst_auc: float
    by: str
    margin: float
    certified: bool
    verdict: str

    @property
    def sorted(self) -> bool:
        """Whether the attacks see what is true: of one that hides, at least that it is not private for sure."""
        return self.truth in (None, self.verdict) or (self.truth, self.verdict) == (HIDES, OPEN)


def judge(record: RunRecord, identity: RunRecord, trap: Trap | None) -> SelfTestResult:
    """What the worst case of a run says, measured against that of `identity` under the same protocol.

    `trap` tells what is true of the anonymizer; None where that is not known.
    """
    worst, paper = record.judged, strongest(record, "paper")
    margin = margin_kept(worst.verification_auc, identity.judged.verification_auc)
    return SelfTestResult(
        name=record.label,
        truth=trap.truth if trap else None,
        copies=trap is not None and trap.copies,
        paper_auc=paper.verification_auc if paper else None,
        worst_auc=worst.verification_auc,
        by=worst.label,
        margin=margin,
        certified=record.certified,
        verdict=_verdict(worst.verification_auc, margin, worst.verdict),
    )


def _verdict(worst_auc: float, margin: float, of_the_run: str) -> str:
    if worst_auc >= LINKED_FROM and margin >= MARGIN_KEPT:
        return HIDES
    if of_the_run == OPEN:
        return OPEN
    return REMOVES if worst_auc < LINKED_FROM else "in between"
