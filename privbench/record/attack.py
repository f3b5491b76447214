"""What is known of the attacks on a release: how well they link images, whether they were trained, what they infer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from .values import ROUNDING, Amount, Count, Counts, Interval, Record, Share

Verdict = Literal["certified", "unsaturated", "weak"]
"""Of an attack's training: it succeeded; more of it would help; it failed. The first is the best."""
VERDICTS: tuple[Verdict, ...] = ("certified", "unsaturated", "weak")


class Certificate(Record):
    """The proof that an attack was trained: its recipe on original images, where there is nothing to overcome.

    All figures are verification AUCs on original images, means over the control's trainings.
    """

    verdict: Verdict
    reason: str
    control_auc: Share
    control_interval: Interval
    floor: Share
    correlation: Share
    train_auc: Share
    validation_auc: Share
    saturation: Share
    seeds: Count


class AttackFigure(Record):
    """What an attack's scores say beyond its headlines: a mean over the trainings, in `unit` (unitless where empty).

    `of` tells what it is read off: the scores of pairs, or the ranks in the gallery. More may be more private, or less,
    or neither (None). The value is None where the pairs are too few for it.
    """

    name: str
    of: Literal["verification", "retrieval"]
    unit: str
    more_is_private: bool | None
    value: float | None


class GalleryRate(Record):
    """The expected rank-1 rate in galleries of one mate and size - 1 strangers."""

    size: Count
    rank_1: Share


class YearsRate(Record):
    """The rank-1 rate of mates by the years between the two images, from `low` up to below `high`."""

    low: Count
    high: Count | None
    mates: Count
    rank_1: Share


class RetrievalResult(Record):
    """How well probes find their patient in the whole test gallery; means over the seeds, unitless."""

    probes: Count
    gallery: Count
    rank_1: Share
    interval: Interval | None
    effective_patients: Amount | None
    by_gallery_size: list[GalleryRate]
    by_years: list[YearsRate]


class AttackResult(Record):
    """How well an attack recognises patients in a scenario. AUCs are unitless, 0.5 is chance.

    `interval` holds all that is known to vary: patients and, where there are several, trainings. `patient_interval`
    holds the trained networks fixed, `seed_std` is the spread of the trainings on the same patients. The image-wise
    interval is the paper's, for comparison. Those that are None stand in runs of old schemas.

    `train_auc` and `fit_auc` tell how it fits training and validation pairs of the kind that it was trained on,
    `validation_auc` how it does on validation pairs of the kind that it is tested on. `figures` are empty in runs of
    old schemas; `measures` are figures that the attack itself puts out.
    """

    name: str
    plugin: str
    version: str
    scenario: str
    train: str
    test: str
    verification_auc: Share
    interval: Interval
    patient_interval: Interval
    image_wise_interval: Interval | None
    seed_std: Amount | None
    seed_aucs: list[Share]
    train_auc: Share | None
    fit_auc: Share | None
    validation_auc: Share | None
    figures: list[AttackFigure]
    retrieval: RetrievalResult | None
    measures: dict[str, float]
    certificate: Certificate | None
    counts: Counts

    @property
    def label(self) -> str:
        """Such as `contrastive (informed)`."""
        return f"{self.name} ({self.scenario})"


class InferenceResult(Record):
    """How well an attribute is read off single images.

    `metric` is `auc` (unitless) or `mae` (mean absolute error in the attribute's unit), `original` the same reading of
    original images, `base_rate` what a guess reaches without looking.
    """

    name: str
    version: str
    scenario: str
    attribute: str
    metric: Literal["auc", "mae"]
    value: Amount
    interval: Interval
    original: Amount
    base_rate: Amount
    counts: Counts

    @model_validator(mode="after")
    def _of_its_metric(self) -> Self:
        if self.metric == "auc" and max(self.value, self.original, self.base_rate) > 1 + ROUNDING:
            raise ValueError("an AUC is above 1")
        return self


class WorstCase(Record):
    """The headline: the identifying attack that did best on validation pairs, with its figure on test pairs.

    The verdict is that of the best-trained attack by an informed attacker.
    """

    attack: str
    scenario: str
    validation_auc: Share | None
    verification_auc: Share
    interval: Interval
    verdict: Verdict
    reason: str

    @property
    def label(self) -> str:
        """Such as `contrastive (informed)`."""
        return f"{self.attack} ({self.scenario})"
