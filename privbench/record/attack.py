"""What is known of the attacks on a release: how well they link images, whether they were trained, what they infer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from .risk import RiskResult
from .utility import Change
from .values import ROUNDING, Amount, Count, Counts, Interval, Record, Share

RecipeVerdict = Literal["certified", "unsaturated", "weak"]
"""Of an attack's training: it succeeded; more of it would help; it failed."""
Verdict = Literal["certified", "open", "unsaturated", "weak"]
"""Of a run: also open, where the attack is trained and not beaten, although something of the picture is there."""
VERDICTS: tuple[Verdict, ...] = ("certified", "open", "unsaturated", "weak")
"""The best first."""
ReleaseVerdict = Literal["gone", "saturated", "beaten", "open"]
"""Of a release under attack: nothing of the single image is found in it; the attack got out what is there; it links
releases nearly as well as originals; nothing of that."""


class Certificate(Record):
    """The proof that an attack was trained: its recipe on original images, where there is nothing to overcome.

    All figures are verification AUCs on original images, means over the control's trainings.
    """

    verdict: RecipeVerdict
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


class ImageMatch(Record):
    """How often a release finds its own original, the very image that it was made from, among those of others.

    `images` releases of as many patients were each compared with `candidates` originals; chance is 1 / candidates. The
    rate is a mean over the trainings; the interval, over patients, holds them fixed, and is None where there is one.
    """

    rate: Share
    interval: Interval | None
    candidates: Count
    images: Count


class AttackResult(Record):
    """How well an attack recognises patients in a scenario. AUCs are unitless, 0.5 is chance.

    `interval` holds all that is known to vary: patients and, where there are several, trainings. `patient_interval`
    holds the trained networks fixed, `seed_std` is the spread of the trainings on the same patients. The image-wise
    interval is the paper's, for comparison. Those that are None stand in runs of old schemas.

    `train_auc` and `fit_auc` tell how it fits training and validation pairs of the kind that it was trained on,
    `validation_auc` how it does on validation pairs of the kind that it is tested on. `figures` are empty in runs of
    old schemas; `measures` are figures that the attack itself puts out. `match` and `risk` are None where releases are
    not compared with originals, and in runs of old schemas; `match` where the attack knows no single images, too.
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
    match: ImageMatch | None
    risk: RiskResult | None
    measures: dict[str, float]
    certificate: Certificate | None
    counts: Counts

    @property
    def label(self) -> str:
        """Such as `contrastive (informed)`."""
        return f"{self.name} ({self.scenario})"


class InferenceResult(Record):
    """How well an attribute is read off single images, or who is told to be among those the anonymizer learnt from.

    `metric` is `auc` (unitless) or `mae` (mean absolute error in the attribute's unit), `original` the same reading of
    original images, `base_rate` what a guess reaches without looking. `change` is the value minus `original`, None in
    runs of old schemas.

    Of membership the AUC is that of training patients and test patients, and `base_rate` that of validation patients
    and the same test patients: nobody learnt from either, so it tells how far the splits differ. `change` is how far
    the value exceeds the base rate, minus how far it does so on originals: what only memory explains.
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
    change: Change | None
    counts: Counts

    @model_validator(mode="after")
    def _of_its_metric(self) -> Self:
        if self.metric == "auc" and max(self.value, self.original, self.base_rate) > 1 + ROUNDING:
            raise ValueError("an AUC is above 1")
        return self


class ReleaseProof(Record):
    """What the attacks prove of this release, provided that their recipe is certified on originals.

    `train_auc` is the best fit of a trained attack by an informed attacker to its own training pairs, None where there
    is none; `match` the best own-image match of all attacks, None where none has any. `saturation` is what the former
    has to reach; the latter has to stay surely below `found`.
    """

    verdict: ReleaseVerdict
    reason: str
    train_auc: Share | None
    saturation: Share
    match: Share | None
    found: Share


class WorstCase(Record):
    """The headline: the identifying attack that did best on validation pairs, with its figure on test pairs.

    The verdict is that of the best-trained attack by an informed attacker and, where that is certified, of the release.
    `release` is None where no attack could prove anything of it, and in runs of old schemas.
    """

    attack: str
    scenario: str
    validation_auc: Share | None
    verification_auc: Share
    interval: Interval
    verdict: Verdict
    reason: str
    release: ReleaseProof | None

    @property
    def label(self) -> str:
        """Such as `contrastive (informed)`."""
        return f"{self.attack} ({self.scenario})"

    @property
    def standing(self) -> str:
        """Whether it is proven, as a clause: `the attack is weak`, `the release is open`."""
        return f"the {'release' if self.verdict == 'open' else 'attack'} is {self.verdict}"
