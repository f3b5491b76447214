"""All attacks of a run: their results, their certificates, and the worst case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..protocols.kinds import CONTROL, Compared
from ..protocols.schema import FLOOR, Protocol
from ..record import names
from ..record.attack import AttackResult, InferenceResult, WorstCase
from ..record.estimates import Estimate
from ..record.names import FigureName, Subject
from ..record.scores import AttackOrigin, AttackScores
from .certificate import certificate, worst_case
from .inference import inference_results
from .linkage import attack_result, auc_estimate, part_of
from .resampling import Resampling
from .risk import risk_result


@dataclass(frozen=True)
class AttackResults:
    """What the attacks of a run found; there is no worst case where there was none."""

    worst_case: WorstCase | None
    attacks: list[AttackResult]
    inferences: list[InferenceResult]
    estimates: dict[FigureName, Estimate]


def attack_results(
    scores: AttackScores, versions: Mapping[str, str], protocol: Protocol, resampling: Resampling
) -> AttackResults:
    """The results of all attacks, in the protocol's order.

    Args:
        scores: what the attacks said; nothing where there were none.
        versions: the plugin's version of every attack, by its name in the protocol.
        protocol: what they were carried out under.
        resampling: the draws of the test patients.
    """
    if scores.linkage.empty and scores.inference.empty:
        return AttackResults(None, [], [], {})
    linkage, by_scenario = scores.linkage, scores.linkage.groupby(["attack", "scenario"], sort=False)
    correlation = auc_estimate(part_of(linkage[linkage["attack"] == FLOOR], "test", Compared.ORIGINALS), resampling)
    trained = set(linkage.loc[linkage["scenario"] == CONTROL, "attack"]) - {FLOOR}
    results: list[AttackResult] = []
    estimates: dict[FigureName, Estimate] = {}
    for key, rows in by_scenario:
        label, scenario = map(str, key)
        if scenario == CONTROL:
            continue
        ranks, searches = (_of(table, label, scenario) for table in (scores.retrieval, scores.searches))
        proof = None
        if label in trained:
            proof = certificate(label, by_scenario.get_group((label, CONTROL)), correlation, protocol, resampling)
        risk, of_risk = risk_result(rows, ranks, searches, protocol, resampling)
        matches = scores.matches
        result, own = attack_result(
            rows,
            ranks,
            matches[(matches["attack"] == label) & (matches["scenario"] == scenario)],
            [scores.measures.get(AttackOrigin(label, scenario, seed), {}) for seed in sorted(rows["seed"].unique())],
            proof,
            protocol,
            versions[label],
            resampling,
            risk,
        )
        results.append(result)
        estimates |= {_named(result.label, metric): estimate for metric, estimate in (own | of_risk).items()}
    inferences = [
        result
        for label, rows in scores.inference.groupby("attack", sort=False)
        for result in inference_results(rows, protocol, versions[str(label)], resampling)
    ]
    worst = worst_case(results, protocol.certificate)
    headline = {
        names.worst_case(metric): estimates[name]
        for metric in (names.AUC, names.RANK_1, names.SINGLED_OUT)
        if (name := _named(worst.label, metric)) in estimates
    }
    if matched := [estimate for name, estimate in estimates.items() if name.metric == names.MATCH]:
        headline[names.worst_case(names.MATCH)] = max(matched, key=lambda estimate: estimate.value)
    return AttackResults(worst, results, inferences, headline | estimates)


def _of(scores: pd.DataFrame, label: str, scenario: str) -> pd.DataFrame:
    """The rows of one attack in one scenario."""
    return scores[(scores["attack"] == label) & (scores["scenario"] == scenario)]


def _named(label: str, metric: str) -> FigureName:
    return FigureName(Subject.PRIVACY, label, metric)
