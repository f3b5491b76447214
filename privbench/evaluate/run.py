"""All figures of a run, from its scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..metrics.roc import margin_kept
from ..protocols.schema import Protocol
from ..record.attack import AttackResult, InferenceResult, WorstCase
from ..record.copies import CopiesResult
from ..record.estimates import Estimate
from ..record.figures import Figures
from ..record.names import FigureName
from ..record.scores import AttackScores
from ..record.unpaired import WHY_NOT_JUDGED, Remembered, UnpairedResult
from ..record.utility import MeasurementResult, UtilityResult
from .attacks import attack_results
from .copies import copies_result
from .measurements import measurement_results
from .release import LINKED_FROM
from .resampling import Resampling
from .utility import utility_results

_RETRAINED = ("retrained-transfer", "retrained-release")
_UNLESS: Mapping[Remembered, str] = {
    "remembered": "",
    "above chance": "; too few were held out beside the test to exclude that the splits differ as much",
    "above control": ", surely more than for patients held out, though not surely more than chance",
    "splits differ": "; for patients held out, too: either the splits differ, or it learnt from those as well",
}
"""What is said of a figure that alarms, beside it."""
_KEPT_FROM = 0.5
"""Share of the originals' margin above chance from which findings count as read off a release."""


@dataclass(frozen=True)
class Evaluation:
    """What the scores of a run say, and the estimates behind it by name.

    There is no worst case where nobody was attacked.
    """

    worst_case: WorstCase | None
    attacks: list[AttackResult]
    inferences: list[InferenceResult]
    utilities: list[UtilityResult]
    measurements: list[MeasurementResult]
    copies: CopiesResult | None
    estimates: dict[FigureName, Estimate]
    unpaired: UnpairedResult | None = None

    @property
    def figures(self) -> Figures:
        """Them without the estimates."""
        return Figures(
            worst_case=self.worst_case,
            attacks=self.attacks,
            inferences=self.inferences,
            utilities=self.utilities,
            measurements=self.measurements,
            copies=self.copies,
            unpaired=self.unpaired,
        )


def evaluate(
    attack_scores: AttackScores,
    utility_scores: pd.DataFrame,
    measurements: pd.DataFrame,
    copies: pd.DataFrame,
    protocol: Protocol,
    attack_versions: Mapping[str, str],
    utility_versions: Mapping[str, str],
) -> Evaluation:
    """Every figure of a run. The same scores and protocol always give the same figures.

    Args:
        attack_scores: of all attacks; none where privacy was not judged.
        utility_scores: of all tasks that read findings, one row a known label; none where the data set tells none.
        measurements: of all tasks that measure, one row an image and measure.
        copies: of each test image, released and original, the most alike original of each split; none in old runs.
        protocol: what the run was made under.
        attack_versions: the plugin's version of each attack, by its name in the protocol.
        utility_versions: that of each utility task.

    Raises:
        PrivbenchError: the test images are too few, or too much alike, for a figure.
    """
    resampling = Resampling.of(protocol, _test_patients(attack_scores, utility_scores, measurements, copies))
    found = attack_results(attack_scores, attack_versions, protocol, resampling)
    utilities, of_utilities = utility_results(utility_scores, protocol, utility_versions, resampling)
    measured, of_measures = measurement_results(measurements, protocol, utility_versions, resampling)
    copied, of_copies = copies_result(copies, protocol, resampling)
    estimates = {**found.estimates, **of_utilities, **of_measures, **of_copies}
    return Evaluation(found.worst_case, found.attacks, found.inferences, utilities, measured, copied, estimates)


def _test_patients(
    attack_scores: AttackScores, utility_scores: pd.DataFrame, measurements: pd.DataFrame, copies: pd.DataFrame
) -> np.ndarray:
    """All patients of the test images; one file alone may lack some, such as those without a known label."""
    linkage = attack_scores.linkage[attack_scores.linkage["split"] == "test"]
    columns = [
        utility_scores.loc[utility_scores["split"] == "test", "patient"],
        linkage["probe_patient"],
        linkage["reference_patient"],
        attack_scores.retrieval["patient"],
        attack_scores.inference.loc[attack_scores.inference["split"] == "test", "patient"],
        attack_scores.matches["patient"],
        attack_scores.retrieval["rival"].dropna(),
        attack_scores.searches.loc[attack_scores.searches["split"] == "test", "patient"],
        measurements["patient"],
        copies["patient"],
    ]
    return np.unique(np.concatenate([column.to_numpy(object) for column in columns]))


def warnings_of(figures: Figures) -> list[str]:
    """What a reader of the figures has to know."""
    return [
        *_of_contradiction(figures),
        *_of_copies(figures.copies),
        *_of_memory(figures.unpaired),
        *(warning for result in figures.utilities[:1] for warning in _of_the_mean(result)),
        *(warning for result in figures.utilities for warning in _of_losses(result)),
        *(warning for attack in figures.attacks for warning in _of_attack(attack)),
    ]


def _of_contradiction(figures: Figures) -> Iterator[str]:
    """Findings that are read off a release show that something of the image is in it, whatever attacks make of it."""
    worst = figures.worst_case
    release = None if worst is None else worst.release
    if worst is None or release is None or release.match is None or release.match < release.found:
        return
    if worst.verification_auc >= LINKED_FROM and worst.verdict != "open":
        return
    kept = [
        (margin_kept(result.mean_auc, result.original), result.label)
        for result in figures.utilities
        if result.mode in _RETRAINED and result.original is not None and result.interval.low > 0.5
    ]
    share, label = max(kept, default=(0.0, ""))
    if share >= _KEPT_FROM:
        yield (
            f"contradiction: {label} keeps {share:.0%} of the originals' margin above chance, and releases find their "
            f"own originals at {release.match:.3f}, yet {worst.label} links patients at {worst.verification_auc:.3f}: "
            "what findings are read by may tell the patient, and no attack may be good enough to see it"
        )


def _of_copies(copies: CopiesResult | None) -> Iterator[str]:
    if copies is not None and copies.publishes_others:
        yield (
            f"it publishes other patients' radiographs, which is no removal: {copies.others.share:.1%} of the released "
            f"{copies.split} images are copies of an original of somebody else, and show {copies.patients_shown} of "
            f"{copies.original_patients} patients under another one's name"
        )


def _of_memory(found: UnpairedResult | None) -> Iterator[str]:
    if found is None:
        return
    copies = found.copies
    if found.assumed:
        yield (
            "nobody said from which patients the generator learnt: it is taken to be "
            f"{' and '.join(found.learnt_from)}, and where that is wrong, so are memorization and membership "
            "(--learnt-from tells it)"
        )
    if not found.test_named:
        yield (
            f"memorization and membership cannot be judged: {WHY_NOT_JUDGED}, because the data name no test patients "
            "(a column split of their table names them)"
        )
    if copies.publishes_originals:
        whose = copies.of_patients
        yield (
            f"it publishes radiographs of patients: {copies.share:.1%} of the different released images are copies of "
            f"an original, {copies.exact:.1%} to the bit, and show {copies.patients_shown} of "
            f"{copies.original_patients} patients; copied are {whose.members_copied} of {whose.members} patients whom "
            f"the generator learnt from, and {whose.outsiders_copied} of {whose.outsiders} test patients"
        )
    if copies.saw_test:
        yield (
            f"it saw test patients: memorization and membership mean nothing, because {copies.test:.2%} of the "
            "different released images are copies of test originals"
        )
    if found.memorization.alarms:
        yield (
            "it memorizes: released images come nearer to patients whom the generator learnt from than to others"
            f"{_UNLESS[found.memorization.verdict]}"
        )
    if found.membership.alarms:
        yield (
            f"it tells whom it learnt from: members are told from other patients at an AUC of "
            f"{found.membership.value:.2f}{_UNLESS[found.membership.verdict]}"
        )


def _of_the_mean(utility: UtilityResult) -> Iterator[str]:
    if utility.left_out:
        yield f"left out of the mean, one label only: {', '.join(utility.left_out)}"
    if utility.few:
        names = f"fewer than ten positives or negatives: {', '.join(utility.few)}"
        alone = utility.few == utility.mean_over
        yield f"the mean goes over findings with {names}" if alone else f"left out of the mean, {names}"


def _of_losses(utility: UtilityResult) -> Iterator[str]:
    findings = {finding.name: finding for finding in utility.findings}
    losses = []
    for name in utility.lost or ():
        auc, change = findings[name].auc, findings[name].change
        if auc is not None and change is not None:
            losses.append(f"{name} ({auc - change.value:.2f} to {auc:.2f})")
    if losses:
        yield f"{utility.label}: surely read worse than on originals: {', '.join(losses)}"
    for gap in utility.gaps:
        if gap.widened:
            ends = f"{gap.low} and {gap.high}"
            yield f"{utility.label}: the gap between {ends} widened from {gap.original:.2f} to {gap.gap:.2f}"


def _of_attack(attack: AttackResult) -> Iterator[str]:
    proof = attack.certificate
    if proof is not None and proof.verdict != "certified":
        yield f"{attack.label} is {proof.verdict}: {proof.reason}"
    if attack.interval.high < 0.5:
        yield f"{attack.label} does worse than chance: one that turns its scores around does better"
