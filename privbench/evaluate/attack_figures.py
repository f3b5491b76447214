"""What an attack's scores say beyond its headlines: each figure is declared here once, and shown wherever figures are.

A new one is a line of VERIFICATION or RETRIEVAL, and its mathematics in `metrics`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Generic, Literal, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from ..metrics import likelihood, retrieval, verification
from ..record.attack import AttackFigure

MATCH_RATES = (0.01, 0.001)
"""False match rates that thresholds are fixed at on validation pairs, as standards report them (ISO/IEC 19795-1)."""


class PairScores(NamedTuple):
    """Shape: mated (n,), bool; scores (n,), float, larger for the more likely pair."""

    mated: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Training:
    """What one training of an attack says of pairs; validation pairs fix thresholds and calibration."""

    val: PairScores
    test: PairScores

    @cached_property
    def likelihood_ratios(self) -> np.ndarray:
        """The test scores as calibrated log-likelihood ratios. Shape: (n,)."""
        return likelihood.calibrate(self.val.mated, self.val.scores, self.test.scores)

    def rates_at(self, fmr: float) -> tuple[float, float] | None:
        """False match and false non-match rate at the threshold for that rate; None where it can fix none."""
        threshold = self._threshold(fmr)
        return None if threshold is None else verification.rates_at(*self.test, threshold)

    def missed_at(self, fmr: float) -> np.ndarray | None:
        """Of every mated test pair whether it is missed there. Shape: (mated,), bool; None where it can fix none."""
        threshold = self._threshold(fmr)
        return None if threshold is None else self.test.scores[self.test.mated] < threshold

    def _threshold(self, fmr: float) -> float | None:
        return verification.threshold_at_fmr(self.val.mated, self.val.scores, fmr)


Scores = TypeVar("Scores")


class Declared(NamedTuple, Generic[Scores]):
    """A figure: its unit, whether more of it is more private (None: neither), and what it is of one training."""

    unit: str
    more_is_private: bool | None
    of: Callable[[Scores], float | None]


def _met(training: Training, fmr: float, side: int) -> float | None:
    rates = training.rates_at(fmr)
    return None if rates is None else rates[side]


def fnmr_name(fmr: float) -> str:
    """Such as `FNMR at FMR 0.1%`."""
    return f"FNMR at FMR {100 * fmr:g}%"


def _at_match_rates() -> Iterator[tuple[str, Declared[Training]]]:
    for fmr in MATCH_RATES:
        yield fnmr_name(fmr), Declared("", True, partial(_met, fmr=fmr, side=1))
        yield f"FMR met at FMR {100 * fmr:g}%", Declared("", None, partial(_met, fmr=fmr, side=0))


VERIFICATION: dict[str, Declared[Training]] = {
    "equal error rate": Declared("", True, lambda one: verification.equal_error_rate(*one.test)),
    **dict(_at_match_rates()),
    "Cllr": Declared("bits", True, lambda one: likelihood.cllr(one.test.mated, one.likelihood_ratios)),
    "least Cllr": Declared("bits", True, lambda one: likelihood.min_cllr(*one.test)),
    "linkability": Declared("", False, lambda one: likelihood.linkability(*one.test)),
}
"""Of the scores of pairs."""

RETRIEVAL: dict[str, Declared[pd.DataFrame]] = {
    "rank 5": Declared("", False, lambda ranks: retrieval.cumulative_match(ranks, 5)),
    "rank 10": Declared("", False, lambda ranks: retrieval.cumulative_match(ranks, 10)),
    "mAP@R": Declared("", False, retrieval.map_at_r),
    "R-precision": Declared("", False, retrieval.r_precision),
    "precision at 1": Declared("", False, retrieval.precision_at_1),
}
"""Of the ranks of mates in the whole gallery: one row a probe and mate."""


def attack_figures(val: pd.DataFrame, test: pd.DataFrame, ranks: pd.DataFrame) -> list[AttackFigure]:
    """Every declared figure, means over the trainings; None where one training has none.

    Args:
        val: linkage scores of validation pairs, of the kind of images that the attack is tested on.
        test: those of test pairs.
        ranks: the retrieval ranks; without any row there are no figures of retrieval.
    """
    trainings = trainings_of(val, test)
    galleries = [part for _, part in ranks.groupby("seed")]
    figures = _means("verification", VERIFICATION, trainings)
    return [*figures, *_means("retrieval", RETRIEVAL, galleries)] if galleries else figures


def trainings_of(val: pd.DataFrame, test: pd.DataFrame) -> list[Training]:
    """Each training's scores of validation pairs and of test pairs."""
    return [Training(_pairs(val[val["seed"] == seed]), _pairs(part)) for seed, part in test.groupby("seed")]


def _pairs(scores: pd.DataFrame) -> PairScores:
    return PairScores(scores["mated"].to_numpy(bool), scores["score"].to_numpy())


def _means(
    of: Literal["verification", "retrieval"], declared: Mapping[str, Declared[Scores]], trainings: Sequence[Scores]
) -> list[AttackFigure]:
    figures = []
    for name, figure in declared.items():
        known = [value for one in trainings if (value := figure.of(one)) is not None]
        value = float(np.mean(known)) if len(known) == len(trainings) else None
        figures.append(
            AttackFigure(name=name, of=of, unit=figure.unit, more_is_private=figure.more_is_private, value=value)
        )
    return figures
