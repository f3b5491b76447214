"""All figures of a run, from its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..estimates import Estimate
from ..protocol import Protocol
from ..results import AttackResult, InferenceResult, UtilityResult, WorstCase
from ..scores import AttackScores
from .attacks import attack_results
from .resampling import Resampling
from .utility import utility_result


@dataclass(frozen=True)
class Evaluation:
    """What the scores of a run say, and the estimates behind it by name."""

    worst_case: WorstCase
    attacks: list[AttackResult]
    inferences: list[InferenceResult]
    utility: UtilityResult
    estimates: dict[str, Estimate]


def evaluate(
    attack_scores: AttackScores,
    utility_scores: pd.DataFrame,
    protocol: Protocol,
    attack_versions: Mapping[str, str],
    utility_version: str,
) -> Evaluation:
    """Every figure of a run. The same scores and protocol always give the same figures.

    Args:
        attack_scores: of all attacks.
        utility_scores: of all test images; their patients are the ones that are resampled.
        protocol: what the run was made under.
        attack_versions: the plugin's version of each attack, by its name in the protocol.
        utility_version: that of the utility task.
    """
    resampling = Resampling.of(protocol, utility_scores["patient"].to_numpy())
    found = attack_results(attack_scores, attack_versions, protocol, resampling)
    utility, of_utility = utility_result(utility_scores, protocol, utility_version, resampling)
    return Evaluation(found.worst_case, found.attacks, found.inferences, utility, {**found.estimates, **of_utility})


def warnings_of(evaluation: Evaluation) -> list[str]:
    """What a reader of the figures has to know."""
    left_out = evaluation.utility.left_out
    warnings = [f"left out of the mean, one label only: {', '.join(left_out)}"] if left_out else []
    for attack in evaluation.attacks:
        proof = attack.certificate
        if proof is not None and proof.verdict != "certified":
            warnings.append(f"{attack.label} is {proof.verdict}: {proof.reason}")
        if attack.interval.high < 0.5:
            warnings.append(f"{attack.label} does worse than chance: one that turns its scores around does better")
    return warnings
