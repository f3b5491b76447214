"""What is known of the utility of a release: how well findings are read, for whom, and what is measured in images."""

from __future__ import annotations

from ..protocols.modes import Mode
from .values import Amount, Count, Counts, Interval, Record, Share


class Change(Record):
    """A figure minus that of the control, which is trained and tested on originals; in the figure's own unit.

    Of the same patients, draw by draw. None where the patients are too few to tell.
    """

    value: float
    interval: Interval | None
    p_value: Share | None


class FindingResult(Record):
    """How well one finding is found among the test images whose label is known; means over the trainings, unitless.

    No figures where these hold only one of its labels. Sensitivity and specificity are those at the threshold that
    gives 95 % specificity on validation images, of the kind that the model was trained on. The calibration error is
    the expected one. `change` is that of the AUC; its p-value is corrected for the number of findings (Holm), its
    interval is not.
    """

    name: str
    auc: Share | None
    interval: Interval | None
    positives: Count
    negatives: Count
    average_precision: Share | None
    average_precision_interval: Interval | None
    sensitivity: Share | None
    sensitivity_interval: Interval | None
    specificity: Share | None
    calibration_error: Share | None
    change: Change | None


class GroupResult(Record):
    """How well findings are found in a group of images, such as those of women (`sex`, `F`); ages are in years.

    The mean AUC goes over the findings that the groups of the attribute are compared over (see `GapResult`); None
    where there are none.
    """

    attribute: str
    value: str
    counts: Counts
    mean_auc: Share | None
    interval: Interval | None
    findings: list[FindingResult]


class GapResult(Record):
    """How far the groups of an attribute lie apart: the largest minus the smallest of their mean AUCs (unitless).

    All groups are compared over the same findings: those that each holds with ten positives and ten negatives at
    least; a group that holds no finding so often is not compared. The largest difference is biased upwards, the more
    the smaller the groups and the worse the images are read; so is the `original` gap, that of the control. `widened`
    is True where the interval of the change lies above 0, False where it lies below, None where that cannot be told.
    """

    attribute: str
    findings: list[str]
    gap: Share
    low: str
    high: str
    interval: Interval | None
    original: Share | None
    change: Change | None
    widened: bool | None


class UtilityResult(Record):
    """How well a task reads findings in one mode; AUCs are unitless, 0.5 is chance.

    `train` and `test` tell the kinds of images: O original, A anonymized. The mean runs over the findings of
    `mean_over`: those with ten positives and ten negatives at least among the test images, and where there are none,
    all that hold both labels. `few` hold both labels less often than that, `left_out` one label only. Means are over
    the trainings, `seed_std` is their spread. `original` is the mean of the control over the same findings. `lost` are
    the findings that are surely read worse than by the control, the worst first; None where a single training leaves
    open whether that is the images' doing. What is None or empty was not told by
    runs of old schemas.
    """

    name: str
    task: str
    version: str
    mode: Mode
    train: str
    test: str
    mean_auc: Share
    interval: Interval
    image_wise_interval: Interval | None
    seed_std: Amount | None
    seed_aucs: list[Share]
    mean_over: list[str]
    few: list[str]
    left_out: list[str]
    findings: list[FindingResult]
    groups: list[GroupResult]
    gaps: list[GapResult]
    counts: Counts
    original: Share | None
    change: Change | None
    lost: list[str] | None

    @property
    def label(self) -> str:
        """Such as `classification (frozen)`."""
        return f"{self.name} ({self.mode})"


class MeasurementResult(Record):
    """What a task measures in the test images in one mode: the mean over images and trainings, in `unit`.

    `lowest` and `highest` are those of single images, `original` is the control's mean; None where the task has no
    control, as no original can be compared with itself. More may be better, or worse, or neither (None).
    """

    name: str
    task: str
    version: str
    mode: Mode
    measure: str
    unit: str
    more_is_better: bool | None
    value: float
    interval: Interval | None
    lowest: float
    highest: float
    original: float | None
    change: Change | None
    counts: Counts

    @property
    def label(self) -> str:
        """Such as `quality (frozen)`."""
        return f"{self.name} ({self.mode})"
