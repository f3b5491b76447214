"""Sorts anonymizers whose truth is known: does the worst case tell hiding from removing?"""

from __future__ import annotations

from dataclasses import dataclass

from ...plugins.interfaces import Anonymizer
from ...protocols.schema import Protocol
from ...record.run import RunRecord
from ..ranking import strongest
from .eraser import Eraser
from .plain_sight import PLAIN_SIGHT
from .removers import Constant, MeanOfPatients, Surrogate

MARGIN_KEPT = 0.8
"""Share of identity's margin above chance that an attack must reach where identity is still there."""
REMOVED_BELOW = 0.55
"""Worst-case AUC that a real remover stays below."""

HIDES, REMOVES = "hides", "removes"


@dataclass(frozen=True)
class SelfTestResult:
    """An anonymizer, what is true of it (None: not known), and what the attacks say."""

    name: str
    truth: str | None
    paper_auc: float | None
    worst_auc: float
    by: str
    margin: float
    certified: bool
    verdict: str

    @property
    def sorted(self) -> bool:
        """Whether the attacks see what is true."""
        return self.truth is None or self.truth == self.verdict


def traps(protocol: Protocol) -> list[tuple[Anonymizer, str]]:
    """Every anonymizer of the self-test with its truth."""
    classifier = protocol.guidance.classifier.model_dump()
    hiders = (*(trap() for trap in PLAIN_SIGHT), Eraser(classifier=classifier))
    removers = (Constant(), Surrogate(classifier=classifier), MeanOfPatients())
    return [*((trap, HIDES) for trap in hiders), *((remover, REMOVES) for remover in removers)]


def judge(record: RunRecord, identity: RunRecord, truth: str | None) -> SelfTestResult:
    """What the worst case of a run says, measured against that of `identity` under the same protocol."""
    worst, paper = record.worst_case, strongest(record, "paper")
    margin = (worst.verification_auc - 0.5) / max(identity.worst_case.verification_auc - 0.5, 1e-9)
    if worst.verification_auc < REMOVED_BELOW:
        verdict = REMOVES
    elif margin >= MARGIN_KEPT:
        verdict = HIDES
    else:
        verdict = "in between"
    return SelfTestResult(
        name=record.label,
        truth=truth,
        paper_auc=paper.verification_auc if paper else None,
        worst_auc=worst.verification_auc,
        by=worst.label,
        margin=margin,
        certified=record.certified,
        verdict=verdict,
    )
