"""Risk as a data steward asks for it: who is singled out, who is hit worst, and whether many images make it worse.

A new figure is a line of RISK, and its mathematics in `metrics`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from ..metrics import bootstrap
from ..metrics.identification import choose_rule
from ..protocols.kinds import Compared
from ..protocols.schema import Protocol
from ..record import names
from ..record.estimates import Estimate
from ..record.risk import ImagesRate, RiskFigure, RiskResult
from .attack_figures import MATCH_RATES, Training, fnmr_name, trainings_of
from .linkage import best_mates, part_of, rank_1_estimate
from .resampling import Resampling, estimate_of

AIMED_PRECISION = 0.95
"""How often an attacker wants to be right where he gives a name, each patient counted alike."""
_FEWEST = 5  # patients whom he names rightly among his own images: fewer may be found by chance
WORST = 0.05
"""The share of the patients that counts as hit worst."""
_IMAGES = (2, 3, 6, 11)  # lower ends of the bins; the last has no upper one


@dataclass(frozen=True)
class Hits:
    """What an attack's trainings said of pairs, and did to each test patient, by the rows of the resampling.

    Shape: mated (m,), the patient of every mated test pair; probes (P,), his releases that can find him, 0 where he has
    images of one visit alone; found (S, P), how many of them do, at rank 1; named and right (S, P), how many of all his
    releases get a name, and his own; None where validation patients are too few to say when a name may be given.
    """

    resampling: Resampling
    trainings: Sequence[Training]
    mated: np.ndarray
    probes: np.ndarray
    found: np.ndarray
    named: np.ndarray | None
    right: np.ndarray | None

    @classmethod
    def of(cls, scores: pd.DataFrame, ranks: pd.DataFrame, searches: pd.DataFrame, resampling: Resampling) -> Self:
        """From the linkage scores, the retrieval ranks and the searches of one attack."""

        def counted(rows: pd.DataFrame, which: np.ndarray) -> np.ndarray:
            return np.bincount(resampling.rows(rows["patient"].to_numpy()), which, len(resampling.patients))

        first = [part for _, part in best_mates(ranks).groupby("seed")]
        found = [counted(part, part["outranked_by"].to_numpy() == 0) for part in first]
        named, right = [], []
        for _, part in searches.groupby("seed"):
            test = part[part["split"] == "test"]
            if (rule := choose_rule(part[part["split"] == "val"], AIMED_PRECISION, _FEWEST)) is not None:
                given = rule.names(test)
                named.append(counted(test, given))
                right.append(counted(test, given & test["found"].to_numpy(bool)))
        probes = counted(first[0], np.ones(len(first[0])))
        val, tested = (part_of(scores, split, Compared.ACROSS) for split in ("val", "test"))
        pairs = tested[tested["mated"] & (tested["seed"] == tested["seed"].iloc[0])]
        known = len(named) == len(found)
        return cls(
            resampling,
            trainings_of(val, tested),
            resampling.rows(pairs["probe_patient"].to_numpy()),
            probes,
            np.stack(found),
            np.stack(named) if known else None,
            np.stack(right) if known else None,
        )

    @property
    def findable(self) -> np.ndarray:
        """Who has images of two visits at least. Shape: (P,), bool."""
        return self.probes > 0

    def share_of_patients(self, hit: np.ndarray) -> Estimate:
        """How many of those who can be found are hit. Shape: (S, P), bool, True for nobody else."""
        every, shares = self.findable.astype(float), hit.sum(1) / self.findable.sum()
        return self._estimate(bootstrap.ratio(hit.mean(0), every), float(every.sum()), shares)

    def missed_at(self, fmr: float) -> Estimate | None:
        """The false non-match rate at that false match rate; None where validation pairs are too few to see one."""
        known = [missed for one in self.trainings if (missed := one.missed_at(fmr)) is not None]
        if len(known) < len(self.trainings):
            return None
        missed, patients = np.stack(known).astype(float), len(self.probes)
        part, whole = (np.bincount(self.mated, one, patients) for one in (missed.mean(0), np.ones(len(self.mated))))
        return self._estimate(bootstrap.ratio(part, whole), bootstrap.effective_number(whole), missed.mean(1))

    def precision(self) -> Estimate | None:
        """How many of the names that all trainings give are right; None where they give none."""
        if self.named is None or self.right is None or not self.named.any():
            return None
        named, right = self.named.sum(0), self.right.sum(0)
        trained = self.named.any(1)
        shares = self.right[trained].sum(1) / self.named[trained].sum(1)
        return self._estimate(bootstrap.ratio(right, named), bootstrap.effective_number(named), shares)

    def hit_worst(self) -> Estimate:
        """The mean over the trainings of the rank-1 rate of those whom each of them hits worst."""
        rows = np.flatnonzero(self.findable)
        of_trainings = [bootstrap.hit_worst(one[rows] / self.probes[rows], rows, WORST) for one in self.found]

        def statistic(weights: np.ndarray) -> np.ndarray:
            return np.mean([one(weights) for one in of_trainings], axis=0)

        everybody = np.ones((len(self.probes), 1))
        shares = np.array([one(everybody)[0] for one in of_trainings])
        return self._estimate(statistic, WORST * len(rows), shares)

    def _estimate(self, statistic: bootstrap.Statistic, effective: float, trainings: np.ndarray) -> Estimate:
        return estimate_of(self.resampling.apply(statistic), effective, trainings=trainings.tolist())


def _singled_out(hits: Hits) -> Estimate | None:
    return None if hits.right is None else hits.share_of_patients((hits.right > 0) & hits.findable)


def _always_found(hits: Hits) -> Estimate:
    return hits.share_of_patients((hits.found == hits.probes) & hits.findable)


class DeclaredRisk(NamedTuple):
    """A figure: whether more of it is more private, and its estimate; None where it cannot be told."""

    more_is_private: bool
    of: Callable[[Hits], Estimate | None]


RISK: dict[str, DeclaredRisk] = {
    **{fnmr_name(fmr): DeclaredRisk(True, partial(Hits.missed_at, fmr=fmr)) for fmr in MATCH_RATES},
    names.SINGLED_OUT: DeclaredRisk(False, _singled_out),
    names.PRECISION: DeclaredRisk(False, Hits.precision),
    names.ALWAYS_FOUND: DeclaredRisk(False, _always_found),
    names.HIT_WORST: DeclaredRisk(False, Hits.hit_worst),
}
"""Shares of mated pairs; of patients who have images of two visits at least; of names."""


def risk_result(
    scores: pd.DataFrame, ranks: pd.DataFrame, searches: pd.DataFrame, protocol: Protocol, resampling: Resampling
) -> tuple[RiskResult | None, dict[str, Estimate]]:
    """The risk of one attack in one scenario, and the estimates behind it by metric.

    The strangers of the gallery are held fixed, but in the rates by number of images: who is surely named leads them.

    Args:
        scores: the rows of its linkage scores.
        ranks: the rows of its retrieval ranks.
        searches: those of its searches; without any, releases were not searched for among originals, or long ago.
        protocol: what they were made under.
        resampling: the draws of the test patients.
    """
    if not len(searches) or not len(ranks):
        return None, {}
    hits = Hits.of(scores, ranks, searches, resampling)
    known = {name: figure.of(hits) for name, figure in RISK.items()}
    test = searches[searches["split"] == "test"]
    mates = ranks[ranks["seed"] == ranks["seed"].iloc[0]].groupby("probe")["strangers"].agg(["size", "first"])
    result = RiskResult(
        patients=int(hits.findable.sum()),
        alone=test.loc[test["mates"] == 0, "patient"].nunique(),
        precision=AIMED_PRECISION,
        guess=float((mates["size"] / (mates["size"] + mates["first"])).mean()),
        figures=[
            RiskFigure(
                name=name,
                more_is_private=RISK[name].more_is_private,
                value=None if estimate is None else estimate.value,
                interval=None if estimate is None else estimate.interval(protocol.statistics),
            )
            for name, estimate in known.items()
        ],
        by_images=list(_by_images(ranks, protocol, resampling)),
    )
    return result, {name: estimate for name, estimate in known.items() if estimate is not None}


def _by_images(ranks: pd.DataFrame, protocol: Protocol, resampling: Resampling) -> Iterator[ImagesRate]:
    """The rank-1 rate by how many images a patient has, of the probe's visit one, as far as there are such patients."""
    images = ranks.groupby(["seed", "probe"])["mate"].transform("size") + 1
    for low, high in zip(_IMAGES, [*_IMAGES[1:], None], strict=True):
        own = ranks[(images >= low) & (images < (np.inf if high is None else high))]
        if len(own):
            estimate = rank_1_estimate(own, resampling)
            yield ImagesRate(
                low=low,
                high=high,
                patients=own["patient"].nunique(),
                rank_1=estimate.value,
                interval=estimate.interval(protocol.statistics),
            )
