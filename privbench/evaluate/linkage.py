"""What the scores of a linkage attack say in one scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from ..metrics import bootstrap, retrieval
from ..metrics.roc import auc
from ..protocols.kinds import Compared
from ..protocols.scenarios import SCENARIOS
from ..protocols.schema import Protocol
from ..record.attack import (
    AttackResult,
    Certificate,
    GalleryRate,
    RetrievalResult,
    YearsRate,
)
from ..record.estimates import Estimate
from ..record.names import AUC, MATCH, RANK_1
from ..record.risk import RiskResult
from ..record.values import Counts
from .attack_figures import attack_figures
from .own_image import image_match, match_estimate
from .resampling import Resampling, certain, estimate_of, image_wise_interval

YEARS = (0, 1, 3, 5, 10)
"""Lower ends of the bins of years between images; the last has no upper one."""


def attack_result(
    scores: pd.DataFrame,
    ranks: pd.DataFrame,
    matches: pd.DataFrame,
    measures: Sequence[Mapping[str, float]],
    certificate: Certificate | None,
    protocol: Protocol,
    version: str,
    resampling: Resampling,
    risk: RiskResult | None = None,
) -> tuple[AttackResult, dict[str, Estimate]]:
    """One attack in one scenario: means over its seeds with their intervals, and the estimates behind them by metric.

    Args:
        scores: the rows of its linkage scores, of all seeds and splits.
        ranks: the rows of its retrieval ranks.
        matches: the rows of its own images' ranks; none where it knows no single images.
        measures: the attack's own figures, one mapping a seed; a seed may have some that others lack.
        risk: what its searches of the gallery do to patients.
    """
    name, scenario = scores["attack"].iloc[0], scores["scenario"].iloc[0]
    threat = SCENARIOS[scenario]
    test = part_of(scores, "test", threat.test)
    first = test[test["seed"] == test["seed"].iloc[0]]
    aucs = aucs_by_seed(test)
    estimates = {AUC: auc_estimate(test, resampling)}
    if len(ranks):
        estimates[RANK_1] = rank_1_estimate(ranks, resampling)
    if len(matches):
        estimates[MATCH] = match_estimate(matches, resampling)
    statistics = protocol.statistics
    result = AttackResult(
        name=name,
        plugin=protocol.attacks[name].attack,
        version=version,
        scenario=scenario,
        train=threat.train,
        test=threat.test,
        verification_auc=float(np.mean(aucs)),
        interval=certain(estimates[AUC].interval(statistics)),
        patient_interval=certain(estimates[AUC].interval(statistics, joined=False)),
        image_wise_interval=image_wise_interval(*_as_classes(test), protocol),
        seed_std=float(np.std(aucs, ddof=1)) if len(aucs) > 1 else None,
        seed_aucs=aucs,
        train_auc=float(np.mean(aucs_by_seed(part_of(scores, "train", threat.train)))),
        fit_auc=float(np.mean(aucs_by_seed(part_of(scores, "val", threat.train)))),
        validation_auc=float(np.mean(aucs_by_seed(part_of(scores, "val", threat.test)))),
        figures=attack_figures(part_of(scores, "val", threat.test), test, ranks),
        retrieval=_retrieval(ranks, estimates.get(RANK_1), protocol),
        match=image_match(matches, estimates[MATCH], statistics) if MATCH in estimates else None,
        risk=risk,
        measures=_means(measures),
        certificate=certificate,
        counts=Counts(
            patients=len(set(first["probe_patient"]) | set(first["reference_patient"])),
            images=len(set(first["probe"]) | set(first["reference"])),
            pairs=len(first),
            mated=int(first["mated"].sum()),
            effective_patients=estimates[AUC].effective,
        ),
    )
    return result, estimates


def _means(measures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Each figure's mean over the seeds that have it: what an attack tries may hang on what its seed found."""
    names = dict.fromkeys(name for one in measures for name in one)
    return {name: float(np.mean([one[name] for one in measures if name in one])) for name in names}


def part_of(scores: pd.DataFrame, split: str, images: Compared) -> pd.DataFrame:
    """The scores on one split's pairs of one kind of images."""
    return scores[(scores["split"] == split) & (scores["images"] == images)]


def aucs_by_seed(scores: pd.DataFrame) -> list[float]:
    """The verification AUC of each training."""
    return [auc(part["mated"].to_numpy(bool), part["score"].to_numpy()) for _, part in scores.groupby("seed")]


def auc_estimate(scores: pd.DataFrame, resampling: Resampling) -> Estimate:
    """The AUC's mean over the trainings, from the scores of one attack on one list of pairs."""
    seeds = [part for _, part in scores.groupby("seed")]
    first = seeds[0]
    values = np.stack([part["score"].to_numpy() for part in seeds])
    mated = first["mated"].to_numpy(bool)
    probe, reference = (resampling.rows(first[f"{side}_patient"].to_numpy()) for side in ("probe", "reference"))
    by_training = bootstrap.pair_auc(values, mated, probe, reference)
    return estimate_of(
        resampling.apply(lambda weights: by_training(weights).mean(0)),
        min(
            bootstrap.effective_number(np.bincount(probe[mated])),
            bootstrap.effective_number(np.bincount(np.concatenate([probe[~mated], reference[~mated]]))),
        ),
        between=bootstrap.pair_influence(values, mated, probe, reference),
        trainings=aucs_by_seed(scores),
    )


def best_mates(ranks: pd.DataFrame) -> pd.DataFrame:
    """The best mate of every training's probes, a row each; outranked by nobody, it stands at rank 1."""
    return ranks.loc[ranks.groupby(["seed", "probe"], sort=True)["outranked_by"].idxmin()]


def rank_1_estimate(ranks: pd.DataFrame, resampling: Resampling) -> Estimate:
    """The rank-1 rate's mean over the trainings, from the retrieval ranks of one attack."""
    seeds = [part for _, part in best_mates(ranks).groupby("seed")]
    found = np.stack([part["outranked_by"].to_numpy() == 0 for part in seeds])
    rival = np.stack([_rows_of_rivals(part["rival"], resampling) for part in seeds])
    patient = resampling.rows(seeds[0]["patient"].to_numpy())
    by_training = bootstrap.rank_1(found, rival, patient)
    return estimate_of(
        resampling.apply(lambda weights: by_training(weights).mean(0)),
        bootstrap.effective_number(np.bincount(patient)),
        counted_twice=bootstrap.rival_noise(rival, patient),
        trainings=found.mean(1).tolist(),
    )


def _rows_of_rivals(rivals: pd.Series, resampling: Resampling) -> np.ndarray:
    """The row of each rival, NO_RIVAL where there is none. Shape: (n,)."""
    rows = np.full(len(rivals), retrieval.NO_RIVAL)
    rows[rivals.notna()] = resampling.rows(rivals.dropna().to_numpy())
    return rows


def _as_classes(scores: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of the pairs with a column a training. Shape: (n, seeds) each."""
    seeds = [part for _, part in scores.groupby("seed")]
    labels, values = (np.stack([part[column].to_numpy() for part in seeds], axis=1) for column in ("mated", "score"))
    return labels, values


def _retrieval(ranks: pd.DataFrame, rank_1: Estimate | None, protocol: Protocol) -> RetrievalResult | None:
    """Ranks over the whole gallery, over smaller ones, and by the years between; None where no probe has a mate."""
    if rank_1 is None:
        return None
    seeds = [part for _, part in ranks.groupby("seed")]

    def mean(metric: Callable[[pd.DataFrame], float]) -> float:
        return float(np.mean([metric(part) for part in seeds]))

    first = seeds[0]
    gallery = int(first["strangers"].min()) + 1
    return RetrievalResult(
        probes=first["probe"].nunique(),
        gallery=int((first["strangers"] + first.groupby("probe")["mate"].transform("size")).max()),
        rank_1=mean(lambda part: retrieval.cumulative_match(part, 1)),
        interval=rank_1.interval(protocol.statistics),
        effective_patients=rank_1.effective,
        by_gallery_size=[
            GalleryRate(size=size, rank_1=mean(partial(retrieval.rank_in_smaller_gallery, size=size)))
            for size in _sizes(gallery)
        ],
        by_years=[
            YearsRate(low=low, high=high, mates=int(chosen.sum()), rank_1=_rank_1_of(seeds, low, high))
            for low, high in zip(YEARS, [*YEARS[1:], None], strict=True)
            if (chosen := _between(first, low, high)).any()
        ],
    )


def _sizes(largest: int) -> list[int]:
    """10, 20, 50, 100, … and the largest."""
    sizes = [step * 10**power for power in range(1, 8) for step in (1, 2, 5)]
    return [*(size for size in sizes if size < largest), largest]


def _between(ranks: pd.DataFrame, low: int, high: int | None) -> pd.Series:
    return (ranks["years"] >= low) & (ranks["years"] < (np.inf if high is None else high))


def _rank_1_of(seeds: Sequence[pd.DataFrame], low: int, high: int | None) -> float:
    """How often a mate of so many years' distance outranks every stranger; each mate counts alike."""
    return float(np.mean([(part.loc[_between(part, low, high), "outranked_by"] == 0).mean() for part in seeds]))
