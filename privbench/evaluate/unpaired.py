"""All figures of an unpaired release: what its images are copies of, and whom it remembers, from its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import bootstrap, memorization
from ..metrics.bootstrap import Statistic
from ..protocols.schema import Protocol, StatisticsSection
from ..record import names
from ..record.estimates import Estimate
from ..record.unpaired import MemoryFigure, UnpairedResult
from ..record.unpaired_scores import HELD_OUT, LEARNT, UnpairedScores
from ..record.utility import Change
from ..record.values import Interval
from .drawn_copies import drawn_copies
from .resampling import Resampling, estimate_of
from .run import Evaluation
from .utility import utility_results

_CELLS = 1000
"""Units in which patients of a split are drawn at most; of more patients, some are drawn together."""


@dataclass(frozen=True)
class Provenance:
    """What somebody says of a release: the splits that its generator learnt from, and how many images have findings.

    `assumed` tells that nobody said from which splits; `test_named` that the data name their test patients, whom the
    generator can thus have left out.
    """

    learnt_from: Sequence[str]
    assumed: bool
    labelled: int
    test_named: bool

    def terms(self) -> dict[str, Any]:
        """What of it makes runs comparable, as JSON has it."""
        return asdict(self) | {"learnt_from": list(self.learnt_from)}


def evaluate_unpaired(
    scores: UnpairedScores,
    utility_scores: pd.DataFrame,
    protocol: Protocol,
    utility_versions: Mapping[str, str],
    told: Provenance,
) -> Evaluation:
    """Every figure of the run of an unpaired release. The same scores and protocol always give the same figures.

    Args:
        scores: of released images and of originals.
        utility_scores: of tasks that learnt from released images; none where these have no findings.
        protocol: what the run was made under.
        utility_versions: the plugin's version of each task, by its name in the protocol.
        told: of the release.
    """
    cells = _cells(scores.patients)
    read = utility_scores.loc[utility_scores["split"] == "test", "patient"]
    known = [read, scores.originals["patient"], scores.nearness["patient"], cells["unit"]]
    resampling = Resampling.of(protocol, np.concatenate([one.to_numpy(object) for one in known]))
    statistics = protocol.statistics
    arms = {LEARNT: list(told.learnt_from), HELD_OUT: _held_out(scores.patients, told.learnt_from)}
    nearest = {arm: _memorization(scores.draws, cells, arm, splits, resampling) for arm, splits in arms.items()}
    of_patients = _memberships(scores, told.learnt_from)
    inferred = {arm: _membership(of_patients, splits, resampling) for arm, splits in arms.items()}
    if not told.test_named:  # who was taken for unseen may be a member
        nearest, inferred = (
            {arm: replace(one, estimate=None) for arm, one in of.items()} for of in (nearest, inferred)
        )
    result = UnpairedResult(
        images=scores.draws["image"].nunique(),
        labelled=told.labelled,
        learnt_from=list(told.learnt_from),
        assumed=told.assumed,
        test_named=told.test_named,
        linkage="not attacked",
        copies=drawn_copies(scores, told.learnt_from, resampling, statistics),
        memorization=_figure(nearest, statistics, told.test_named),
        membership=_figure(inferred, statistics, told.test_named),
    )
    utilities, estimates = utility_results(utility_scores, protocol, utility_versions, resampling)
    for name, found in ((names.MEMORIZATION, nearest), (names.MEMBERSHIP_AUC, inferred)):
        if (estimate := found[LEARNT].estimate) is not None:
            estimates[names.memory_of(name)] = estimate
    return Evaluation(None, [], [], utilities, [], None, estimates, result)


@dataclass(frozen=True)
class _Arm:
    """A figure of memory in one arm, and of how many patients; None where there is nobody to set beside another."""

    estimate: Estimate | None
    members: int
    outsiders: int


def _figure(arms: Mapping[str, _Arm], statistics: StatisticsSection, judged: bool) -> MemoryFigure:
    learnt, control = arms[LEARNT], arms[HELD_OUT].estimate
    value, change = learnt.estimate, None

    def interval(estimate: Estimate | None) -> Interval | None:
        return None if estimate is None else estimate.interval(statistics, sampling=names.OF_MEMORY)

    if value is not None and control is not None:
        both = value.minus(control)
        change = Change(value=both.value, interval=interval(both), p_value=both.p_value())
    return MemoryFigure(
        judged=judged,
        value=None if value is None else value.value,
        interval=interval(value),
        members=learnt.members,
        outsiders=learnt.outsiders,
        control=None if control is None else control.value,
        control_interval=interval(control),
        change=change,
    )


def _held_out(patients: pd.DataFrame, learnt_from: Sequence[str]) -> list[str]:
    """The splits beside the test that the generator did not learn from."""
    return [split for split in pd.unique(patients["split"]) if split not in (*learnt_from, "test")]


def _cells(patients: pd.DataFrame) -> pd.DataFrame:
    """Of each patient the patients whom he is drawn with, named after the first of them, and his stratum."""
    parts = []
    for _, part in patients.groupby("split", sort=False):
        ordered = part.sort_values("patient", ignore_index=True)
        number = len(ordered)
        first = np.unique(np.arange(number) * min(number, _CELLS) // number, return_index=True, return_inverse=True)
        unit = ordered["patient"].to_numpy(object)[first[1][first[2]]]
        parts.append(ordered.assign(unit=unit, stratum=memorization.strata_of(ordered["images"].to_numpy())))
    return pd.concat(parts, ignore_index=True)


def _memorization(
    draws: pd.DataFrame, cells: pd.DataFrame, arm: str, splits: Sequence[str], resampling: Resampling
) -> _Arm:
    """How often released images are nearest to patients of those splits, and how often to test patients."""
    rows = draws[(draws["arm"] == arm) & (draws["image"] == draws["picture"])]  # a file that is there twice tells once
    found = cells["patient"].map(rows["nearest_patient"].value_counts()).fillna(0.0).to_numpy(float)
    of_arm = cells.assign(near=found, patients=1.0, member=cells["split"].isin(splits))
    of_arm = of_arm[of_arm["member"] | (of_arm["split"] == "test")]
    both = of_arm.groupby("stratum")["member"].transform("nunique") == 2
    compared = of_arm[both]
    counts = int(of_arm["member"].sum()), int((~of_arm["member"]).sum())
    if not compared["near"].any():
        return _Arm(None, *counts)
    cell = compared.groupby(["unit", "stratum", "member"], as_index=False)[["near", "patients"]].sum()
    unit = resampling.rows(cell["unit"].to_numpy())
    near, patients, member, stratum = (cell[name].to_numpy() for name in ("near", "patients", "member", "stratum"))
    return _arm(memorization.share_of_members(near, patients, member, stratum, unit), near, resampling, counts)


def _memberships(scores: UnpairedScores, learnt_from: Sequence[str]) -> pd.DataFrame:
    """Of each judged patient how near the release comes to his originals, beyond what is common; and his stratum.

    The most of his originals counts: a generator that keeps one of them keeps him.
    """
    near = scores.nearness
    known = (near["known"] & ~near["split"].isin(learnt_from)).to_numpy(bool)
    alike, common = near["nearness"].to_numpy(), near["difficulty"].to_numpy()
    told = near.assign(score=memorization.beyond_difficulty(alike, common, known))
    of_patients = (
        told[~near["known"]]
        .groupby(["split", "patient"], as_index=False)
        .agg(score=("score", "max"), images=("score", "size"))
    )
    return of_patients.assign(stratum=memorization.strata_of(of_patients["images"].to_numpy()))


def _membership(of_patients: pd.DataFrame, splits: Sequence[str], resampling: Resampling) -> _Arm:
    rows = of_patients[of_patients["split"].isin([*splits, "test"])]
    member = rows["split"].isin(splits).to_numpy(bool)
    counts = int(member.sum()), int((~member).sum())
    both = rows.assign(member=member).groupby("stratum")["member"].transform("nunique").to_numpy() == 2
    if not both.any():
        return _Arm(None, *counts)
    stratum, scores = rows["stratum"].to_numpy()[both], rows["score"].to_numpy()[both]
    unit = resampling.rows(rows["patient"].to_numpy()[both])
    fewer = np.ones(min(member[both].sum(), (~member[both]).sum()))
    return _arm(memorization.auc_within(member[both], scores, stratum, unit), fewer, resampling, counts)


def _arm(statistic: Statistic, shares: np.ndarray, resampling: Resampling, counts: tuple[int, int]) -> _Arm:
    """`shares` tells what each patient has of what tells anything, from which the effective number follows."""
    effective = bootstrap.effective_number(shares[shares > 0])
    return _Arm(estimate_of(resampling.apply(statistic), effective), *counts)
