"""Was the attack trained? Told apart from "the anonymizer worked" by what its recipe does on originals alone.

What it does on the release beside that is the business of `release`; the verdict of a run is made of both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..protocols.kinds import Compared
from ..protocols.schema import CertificateSection, Protocol
from ..record.attack import AttackResult, Certificate, RecipeVerdict, ReleaseProof, Verdict, WorstCase
from ..record.estimates import Estimate
from .linkage import auc_estimate, aucs_by_seed, part_of
from .release import best_proof, release_proof
from .resampling import Resampling, certain

_USUAL = CertificateSection()


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
) -> tuple[RecipeVerdict, str]:
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


def worst_case(attacks: Sequence[AttackResult], section: CertificateSection = _USUAL) -> WorstCase:
    """The headline, chosen on validation pairs and reported on test pairs; and whether it may be believed.

    It is about identification, anonymized against original; linking releases with one another is another goal and
    has rows of its own, and stands here only where nothing else was tried. An attacker who knows more can do whatever
    one does who knows less, so only a trained attack of an informed attacker tells of the anonymizer when it fails.
    """
    across = [attack for attack in attacks if attack.test == Compared.ACROSS]
    candidates = across or list(attacks)
    chosen = max(candidates, key=lambda attack: attack.validation_auc or 0.0)
    release = release_proof(across, section)
    verdict, reason = _trust(across, release)
    return WorstCase(
        attack=chosen.name,
        scenario=chosen.scenario,
        validation_auc=chosen.validation_auc,
        verification_auc=chosen.verification_auc,
        interval=chosen.interval,
        verdict=verdict,
        reason=reason,
        release=release,
    )


def _trust(attacks: Sequence[AttackResult], release: ReleaseProof | None) -> tuple[Verdict, str]:
    """The verdict of the best-trained attack by an informed attacker; where its recipe is certified, of the release."""
    proofs = best_proof(attacks)
    if not proofs:
        return "weak", "no trained attack by an informed attacker was carried out"
    verdict = proofs[0][1].verdict  # all have the same
    reason = min(f"{attack.label}: {proof.reason}" for attack, proof in proofs)
    if verdict != "certified":
        return verdict, reason
    if release is None:
        return "weak", "no trained attack by an informed attacker looked for the single image"
    return ("open", release.reason) if release.verdict == "open" else ("certified", reason)
