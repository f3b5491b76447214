"""Was the attack trained? Told apart from "the anonymizer worked" by what its recipe does on originals alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..protocols.kinds import Compared
from ..protocols.schema import Protocol
from ..record.attack import VERDICTS, AttackResult, Certificate, Verdict, WorstCase
from ..record.estimates import Estimate
from .linkage import auc_estimate, aucs_by_seed, part_of
from .resampling import Resampling, certain


def certificate(
    label: str, control: pd.DataFrame, correlation: Estimate, protocol: Protocol, resampling: Resampling
) -> Certificate:
    """The certificate of an attack from its scores on original images.

    Args:
        label: the attack's name in the protocol.
        control: its linkage scores on original images.
        correlation: the verification AUC of the attack without training on the same test pairs.
        protocol: states the floor and the saturation.
        resampling: the draws of the test patients.
    """
    test = part_of(control, "test", Compared.ORIGINALS)
    figures = {
        "control_auc": float(np.mean(aucs_by_seed(test))),
        "train_auc": float(np.mean(aucs_by_seed(part_of(control, "train", Compared.ORIGINALS)))),
        "validation_auc": float(np.mean(aucs_by_seed(part_of(control, "val", Compared.ORIGINALS)))),
        "floor": protocol.attacks[label].floor,
        "correlation": correlation.value,
        "saturation": protocol.certificate.saturation,
    }
    estimate = auc_estimate(test, resampling)
    gain = estimate.minus(correlation).interval(protocol.statistics)
    verdict, reason = judge(
        figures["control_auc"],
        figures["train_auc"],
        figures["floor"],
        correlation.value,
        figures["saturation"],
        surely_beats=gain is not None and gain.low > 0,
    )
    return Certificate(
        verdict=verdict,
        reason=reason,
        control_interval=certain(estimate.interval(protocol.statistics)),
        seeds=control["seed"].nunique(),
        **figures,
    )


def judge(
    control_auc: float, train_auc: float, floor: float, correlation: float, saturation: float, *, surely_beats: bool
) -> tuple[Verdict, str]:
    """The verdict on a training, and why, in a clause.

    weak: on originals it stays below the protocol's floor, or does not surely beat the attack without training: the
    interval of the paired difference holds zero. unsaturated:
    it does not fit its own training pairs, so that what limits it is its training and not the images.
    """
    if control_auc < floor:
        return "weak", f"on originals it reaches {control_auc:.3f}, below the protocol's floor of {floor:g}"
    if not surely_beats:
        return "weak", f"on originals it reaches {control_auc:.3f}, not surely more than raw images' {correlation:.3f}"
    if train_auc < saturation:
        return "unsaturated", f"it fits its own training pairs only to {train_auc:.3f}, below {saturation:g}"
    return "certified", f"on originals it reaches {control_auc:.3f}, its training pairs to {train_auc:.3f}"


def worst_case(attacks: Sequence[AttackResult]) -> WorstCase:
    """The headline, chosen on validation pairs and reported on test pairs; and whether it may be believed.

    It is about identification, anonymized against original; linking releases with one another is another goal and
    has rows of its own, and stands here only where nothing else was tried. An attacker who knows more can do whatever
    one does who knows less, so only a trained attack of an informed attacker tells of the anonymizer when it fails.
    """
    candidates = [attack for attack in attacks if attack.test == Compared.ACROSS] or list(attacks)
    chosen = max(candidates, key=lambda attack: attack.validation_auc or 0.0)
    verdict, reason = _trust(candidates)
    return WorstCase(
        attack=chosen.name,
        scenario=chosen.scenario,
        validation_auc=chosen.validation_auc,
        verification_auc=chosen.verification_auc,
        interval=chosen.interval,
        verdict=verdict,
        reason=reason,
    )


def _trust(attacks: Sequence[AttackResult]) -> tuple[Verdict, str]:
    """The verdict of the best-trained attack by an informed attacker."""
    proofs = [
        (
            VERDICTS.index(attack.certificate.verdict),
            attack.certificate.verdict,
            f"{attack.label}: {attack.certificate.reason}",
        )
        for attack in attacks
        if attack.scenario == "informed" and attack.certificate is not None
    ]
    if not proofs:
        return "weak", "no trained attack by an informed attacker was carried out"
    _, verdict, reason = min(proofs)
    return verdict, reason
