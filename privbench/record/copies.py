"""What is known of whose radiographs a release publishes."""

from __future__ import annotations

from .utility import Change
from .values import Count, Counts, Interval, Record, Share


class CopyRate(Record):
    """The share of released images that are copies of certain originals, and of those that are so to the bit."""

    share: Share
    interval: Interval | None
    exact: Share


class ControlledRate(CopyRate):
    """The same beside a control arm: the originals of the same images, held out and compared with all others.

    `control` is the share of them that are as alike to such an original; the difference is of the same patients.
    """

    control: Share
    difference: Change


class CopiesResult(Record):
    """Whose radiographs the released images of a split are, exactly or nearly, among all originals of the publisher.

    A copy is at least as alike to an original as `threshold`, a correlation from 0 to 1 that different images do not
    reach: of the originals of that split all but a hundredth are at most as alike as `different` to any other original.

    `own` are copies of the image's own original, `own_patient` of another one of the same patient, `others` of another
    patient's. `training` are those that copy a training image, if any of these is as alike. `patients_shown` counts the
    patients whose radiographs these images hand out under another one's name.
    """

    split: str
    counts: Counts
    originals: Count
    original_patients: Count
    different: Share
    threshold: Share
    own: CopyRate
    own_patient: CopyRate
    others: ControlledRate
    training: ControlledRate
    patients_shown: Count

    @property
    def publishes_others(self) -> bool:
        """Whether it surely hands out other patients' originals: one to the bit, or more than different images do."""
        change = self.others.difference.interval
        return self.others.exact > 0 or (change is not None and change.low > 0)
