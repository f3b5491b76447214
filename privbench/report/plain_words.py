"""A run as a data steward reads it: what was tried, who was found, what that means, and what it does not prove.

Singling out, linkability and inference are the three risks that Opinion 05/2014 of the Article 29 Working Party on
anonymisation techniques (WP216) asks after.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..judging.ranking import strongest, worst_attack
from ..plugins.interfaces import MEMBERSHIP
from ..protocols.kinds import Compared
from ..protocols.scenarios import threat_of
from ..record.attack import AttackResult, InferenceResult
from ..record.names import ALWAYS_FOUND, HIT_WORST, PRECISION, SINGLED_OUT
from ..record.risk import RiskFigure, RiskResult
from ..record.run import RunRecord
from ..record.values import Interval
from .unpaired_words import unpaired_words


def in_plain_words(record: RunRecord) -> list[str]:
    """A paragraph each; what is not proven comes first."""
    if record.unpaired is not None:
        return unpaired_words(record, record.unpaired)
    if record.unjudged is not None:
        return [*_doubt(record), *_unjudged(record)]
    worst = worst_attack(record)
    return [
        *_doubt(record),
        _tried(record, worst),
        _found(record, worst),
        *_hit_worst(worst.risk),
        f"Singling out (can one patient be told from all others?): {_singling_out(worst)}.",
        f"Linkability (can two images be told to be of one patient?): {_linkability(record, worst)}.",
        f"Inference (can something be learnt of a patient?): {_inference(record)}.",
        "What this does not prove: other attackers may hold more images, know patients from elsewhere, or do what was "
        f"not tried here, and other patients may be easier to find. {_proof(record)}",
    ]


def _doubt(record: RunRecord) -> Iterator[str]:
    if record.contamination is not None:
        yield f"Read this first: {record.contamination}"
    worst = record.worst_case
    if worst is not None and worst.verdict != "certified":
        yield (
            f"Read this first: the verdict on this run is “{worst.verdict}” and not “certified”, so low "
            "figures below are no evidence of privacy."
        )


def _unjudged(record: RunRecord) -> Iterator[str]:
    yield (
        f"Read this first: privacy was not judged, because {record.unjudged}. Nobody tried to recognise anyone, so "
        "this run is no evidence that the release is anonymous, and none that it is not."
    )
    if (utility := record.utility) is not None:
        yield (
            f"What was measured: of two images, one of which shows a finding, {utility.label} tells which in "
            f"{_share(utility.mean_auc, utility.interval)} of cases on average, a guess in 50%."
        )


def _proof(record: RunRecord) -> str:
    if record.certified:
        return "Low figures are evidence that the release withstands these attacks, and no proof that it is anonymous."
    return "No figure of this run is proof, or even evidence, that the release is anonymous."


def _tried(record: RunRecord, worst: AttackResult) -> str:
    attacks = "1 attack" if len(record.attacks) == 1 else f"{len(record.attacks)} attacks"
    patients = worst.risk.patients + worst.risk.alone if worst.risk else worst.counts.patients
    searched = ""
    if worst.test == Compared.ACROSS:
        searched = " It compares a release with all originals of the test patients but the one that it was made of."
    return (
        f"What was tried: {attacks} looked for the patients of the released images, on {patients} test "
        f"patients. The strongest, {worst.label}, knows {threat_of(worst.scenario).knows}.{searched}"
    )


def _found(record: RunRecord, worst: AttackResult) -> str:
    risk, first = worst.risk, worst.retrieval
    if risk is None:
        why = "no test patient has images of two visits, so that one could lead to the other"
        if worst.test != Compared.ACROSS:
            why = "no attack searched for releases among identified originals"
        elif record.copies is None:
            why = "this run was made before single patients were counted: make it again with --overwrite to know"
        rank = f" The right patient came first in {_share(first.rank_1, first.interval)} of searches." if first else ""
        return f"Who was found: {why}.{rank}"
    told = [f"Who was found: {_named(risk, len(worst.seed_aucs))}."]
    if risk.alone:
        told.append(f"{risk.alone} more patients have images of one visit only, and nothing else to be found by.")
    return " ".join(told)


def _named(risk: RiskResult, trainings: int) -> str:
    singled, precision = _known(risk, SINGLED_OUT), _known(risk, PRECISION)
    if singled is None:
        return (
            "how many patients can be singled out is not known, because the validation patients with images of several "
            "visits are too few to say when a name may be believed"
        )
    mean = f", as a mean over {trainings} trainings," if trainings > 1 else ""
    told = (
        f"{_people(singled, risk)}{mean} were singled out: one of their releases at least was given their name, by "
        f"an attacker who gives names only where {_percent(risk.precision)} of them were right among "
        "his own images, each patient counted alike. "
    )
    if precision is None:
        return f"{told}He gave no name at all"
    return f"{told}Of all names that he gave, {_share_of(precision)} were right"


def _hit_worst(risk: RiskResult | None) -> Iterator[str]:
    if risk is None:
        return
    always, worst = _known(risk, ALWAYS_FOUND), _known(risk, HIT_WORST)
    if always is not None and worst is not None:
        yield (
            f"Who was hit worst: {_people(always, risk)} came first in the search for every one of their images. Of "
            f"the 5% of patients who were hit worst, picked afterwards, {_share_of(worst)} of the images led to them; "
            f"a guess leads to the right patient in {_percent(risk.guess)} of searches."
        )
    if len(risk.by_images) > 1:
        rates = (f"{images_text(one.low, one.high)}: {_share(one.rank_1, one.interval)}" for one in risk.by_images)
        yield (
            "Searches that led to the patient, by the number of his images, less those taken beside the one searched "
            f"with: {'; '.join(rates)}."
        )


def _singling_out(worst: AttackResult) -> str:
    risk, ranks = worst.risk, worst.retrieval
    if risk is None:
        return "not known of this run"
    singled, precision = _known(risk, SINGLED_OUT), _known(risk, PRECISION)
    if singled is not None and singled.value:
        told = "yes, though it happened to so few that chance may have done it"
        if singled.interval is not None and singled.interval.low > 0:
            told = (
                f"yes, surely more than {_percent(singled.interval.low)} of the patients with images of several visits"
            )
        unsure = precision is not None and precision.interval and precision.interval.high < risk.precision
        return f"{told}; but more of the names are wrong than the attacker expects" if unsure else told
    told = "not known of this run"
    if singled is not None:
        hidden = f", though {_percent(singled.interval.high)} of patients may be" if singled.interval else ""
        told = f"nobody was named so surely by these attacks{hidden}"
    if ranks is not None and ranks.interval is not None and ranks.interval.low > risk.guess:
        found = f"{_share(ranks.rank_1, ranks.interval)} of searches, where a guess does in {_percent(risk.guess)}"
        return f"{told}; yet the first match is the right patient in {found}"
    return told


def _linkability(record: RunRecord, worst: AttackResult) -> str:
    whose = "a release and an original" if worst.test == Compared.ACROSS else "two releases"
    told = (
        f"of two pairs, each {whose}, the strongest attack picks the one that is of a single patient in "
        f"{_share(worst.verification_auc, worst.interval)} of cases, a guess in 50%"
    )
    if worst.interval.low <= 0.5:
        told += ", which is not surely more"
    linked = strongest(record, "linked-releases")
    if linked is not None and linked.label != worst.label:
        told += f"; of two pairs of releases, in {_share(linked.verification_auc, linked.interval)}"
    return told


def _inference(record: RunRecord) -> str:
    if not record.inferences:
        return "no attack of this run tried"
    return "; ".join(_membership(one) if one.attribute == MEMBERSHIP else _attribute(one) for one in record.inferences)


def _membership(one: InferenceResult) -> str:
    controls = f"{_percent(one.original)} on originals, {_percent(one.base_rate)} where it learnt from neither"
    told = (
        "of two patients, one of whom the anonymizer learnt from, that one is told in "
        f"{_share(one.value, one.interval)} of cases ({controls})"
    )
    change = one.change
    if change is None or change.interval is None:
        return told
    if change.interval.low > 0:
        return f"{told}, so it remembers patients: images alone would leave that surely lower"
    return f"{told}, which is not surely more than the images alone explain"


def _attribute(one: InferenceResult) -> str:
    if one.metric == "auc":
        originals = f"{_percent(one.original)} on originals, a guess {_percent(one.base_rate)}"
        return (
            f"{one.attribute} is told right of two images in {_share(one.value, one.interval)} of cases ({originals})"
        )
    interval = f"{one.interval.confidence:.0%} interval {one.interval.low:.1f} to {one.interval.high:.1f}"
    originals = f"by {one.original:.1f} on originals, by a guess {one.base_rate:.1f}"
    return f"{one.attribute} is missed by {one.value:.1f} ({interval}) on average ({originals})"


def images_text(low: int, high: int | None) -> str:
    """Such as `2 images`, `3 to 5 images`, `11 and more images`."""
    if high is None:
        return f"{low} and more images"
    return f"{low} images" if high == low + 1 else f"{low} to {high - 1} images"


def _known(risk: RiskResult, name: str) -> RiskFigure | None:
    """The figure of that name, where it can be told."""
    figure = risk.figure(name)
    return None if figure is None or figure.value is None else figure


def _people(figure: RiskFigure, risk: RiskResult) -> str:
    """Such as `12 of 60 patients with images of several visits (20%, 95% interval 11% to 32%)`."""
    count = (figure.value or 0.0) * risk.patients
    digits = 0 if abs(count - round(count)) < 1e-6 or count >= 10 else 1
    share = _share_of(figure).replace(" (", ", ", 1).rstrip(")")
    return f"{count:.{digits}f} of {risk.patients} patients with images of several visits ({share})"


def _share_of(figure: RiskFigure) -> str:
    return _share(figure.value or 0.0, figure.interval)


def _share(value: float, interval: Interval | None) -> str:
    """Such as `20% (95% interval 11% to 32%)`."""
    if interval is None:
        return _percent(value)
    ends = f"{_percent(interval.low)} to {_percent(interval.high)}"
    return f"{_percent(value)} ({interval.confidence:.0%} interval {ends})"


def _percent(share: float) -> str:
    """A whole number, or a digit more near the ends: nothing that is not zero reads as zero, and nothing as all."""
    share = min(max(share, 0.0), 1.0)  # sums go beyond their ends by rounding
    told = f"{share:.0%}" if 0.095 <= share <= 0.905 or share in (0, 1) else f"{share:.1%}"
    return {"0.0%": "under 0.1%", "100.0%": "over 99.9%"}.get(told, told.replace(".0%", "%"))
