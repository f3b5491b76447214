"""What figures are called, in run folders and baselines and wherever two runs are set side by side."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Self

AUC, RANK_1, MATCH, MEAN_AUC = "AUC", "rank 1", "own-image match", "mean AUC"
"""Metrics: verification of pairs, or of a finding; retrieval; a release's own original; the mean over findings."""
SINGLED_OUT, PRECISION = "patients singled out", "precision of the names given"
ALWAYS_FOUND, HIT_WORST = "patients found from every image", "rank 1 of the 5% hit worst"
"""Metrics of risk, all of them shares."""
OWN, OTHERS, TRAINING = "own originals", "other patients' originals", "training images"
"""Shares of released images that are copies of these."""
MEMORIZATION, MEMBERSHIP_AUC = "memorization", "membership AUC"
"""Of an unpaired release: how often its images are nearest to members; how well members are told."""

_OF_FINDING = " of "
_UNPAIRED = "unpaired release"


class Sampling(NamedTuple):
    """Over whose chance an interval goes, and what it holds fixed, in words."""

    drawn: str = "test patients"
    fixed: str = "trained networks"


OF_ATTACKS = Sampling()
OF_MEMORY = Sampling("members (or those held out) and test patients", "released images")
"""Of figures of memory: members are drawn, too, and no network is there."""


class Subject(StrEnum):
    """What figures tell of."""

    PRIVACY = "privacy"
    UTILITY = "utility"
    MEASUREMENT = "measurement"


class FigureName(NamedTuple):
    """What a figure is of, whose it is, the metric, and the finding where it is that of one.

    As text, such as `utility/classification (frozen)/AUC of Mass`, it stands in files. Whose it is holds no slash.
    """

    of: Subject
    whose: str
    metric: str
    finding: str | None = None

    def __str__(self) -> str:
        finding = "" if self.finding is None else f"{_OF_FINDING}{self.finding}"
        return f"{self.of}/{self.whose}/{self.metric}{finding}"

    @property
    def sampling(self) -> Sampling:
        """How its intervals are made."""
        return OF_MEMORY if (self.of, self.whose) == (Subject.PRIVACY, _UNPAIRED) else OF_ATTACKS

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name that reads so. Raises ValueError where none does."""
        of, whose, metric = text.split("/", 2)
        subject = Subject(of)
        name, of_finding, finding = metric.partition(_OF_FINDING)
        if subject is Subject.UTILITY and of_finding:
            return cls(subject, whose, name, finding)
        return cls(subject, whose, metric)


def worst_case(metric: str) -> FigureName:
    """The name of a headline: of the attack that did best on validation pairs; of MATCH, the best of all attacks."""
    return FigureName(Subject.PRIVACY, "worst case", metric)


def memory_of(release: str) -> FigureName:
    """The name of a figure that tells whom an unpaired release remembers: MEMORIZATION, or MEMBERSHIP_AUC."""
    return FigureName(Subject.PRIVACY, _UNPAIRED, release)


def copies_of(originals: str) -> FigureName:
    """The name of the share of released images that are copies of such originals."""
    return FigureName(Subject.PRIVACY, "copies", originals)
