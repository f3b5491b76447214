"""All attacks of a run: their results, their certificates, and the worst case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..attack_stages import AttackScores
from ..interfaces import Attack
from ..protocol import FLOOR, Protocol
from ..results import AttackResult, InferenceResult, WorstCase
from ..scores import CONTROL, Origin
from .certificate import certificate, worst_case
from .inference import inference_results
from .linkage import attack_result, aucs_by_seed, part_of


@dataclass(frozen=True)
class AttackResults:
    """What the attacks of a run found."""

    worst_case: WorstCase
    attacks: list[AttackResult]
    inferences: list[InferenceResult]


def attack_results(scores: AttackScores, attacks: Mapping[str, Attack], protocol: Protocol) -> AttackResults:
    """The results of all attacks, in the protocol's order."""
    linkage, by_scenario = scores.linkage, scores.linkage.groupby(["attack", "scenario"], sort=False)
    correlation = float(np.mean(aucs_by_seed(part_of(linkage[linkage["attack"] == FLOOR], "test", "OO"))))
    results = []
    for key, rows in by_scenario:
        label, scenario = map(str, key)
        if scenario == CONTROL:
            continue
        ranks = scores.retrieval
        proof = None
        if attacks[label].trained:
            proof = certificate(label, by_scenario.get_group((label, CONTROL)), correlation, protocol)
        results.append(
            attack_result(
                rows,
                ranks[(ranks["attack"] == label) & (ranks["scenario"] == scenario)],
                [scores.measures.get(Origin(label, scenario, seed), {}) for seed in sorted(rows["seed"].unique())],
                proof,
                protocol,
                attacks[label].version,
            )
        )
    inferences = [
        result
        for label, rows in scores.inference.groupby("attack", sort=False)
        for result in inference_results(rows, protocol, attacks[str(label)].version)
    ]
    return AttackResults(worst_case(results), results, inferences)
