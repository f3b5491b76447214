"""What is known of a release of which nobody knows from which original an image was made, such as synthetic images."""

from __future__ import annotations

from typing import Literal

from .utility import Change
from .values import Count, Interval, Record, Share

LinkageVerdict = Literal["not attacked"]
WHY_UNPAIRED = "no one knows of which original an image was made"
NOT_JUDGED: dict[str, str] = {
    "linkage, retrieval and singling out of patients": WHY_UNPAIRED,
    "attributes read off images": WHY_UNPAIRED,
    "certificates of attacks": "no attack on linkage was made that one could vouch for",
    "deformation, image quality and structure": "there is no original beside an image",
    "utility in the modes frozen and retrained-release": "the test images have no released ones beside them",
}
"""What cannot be judged of an unpaired release, and why; in every table and report of one."""
Remembered = Literal[
    "remembered", "above chance", "above control", "splits differ", "not shown", "too few", "not judged"
]
"""What a figure of memory says: it is surely above chance, and above its control arm; above chance, with no control
arm that could tell whether the splits differ as much; above its control arm, and not surely above chance; above chance,
and so is the control arm, whose patients may have been learnt from, too; not surely above either; nothing, because so
few patients leave no interval; nothing, because nobody knows whom the generator never saw."""
ALARMS: tuple[Remembered, ...] = ("remembered", "above chance", "above control", "splits differ")
WHY_NOT_JUDGED = "nobody knows which patients the generator never saw"
"""Why memory is not judged where the data do not name their test patients."""


class CopiedPatients(Record):
    """How many patients whom the generator learnt from (members) a released image is a copy of, and how many others.

    Others are test patients. `p_value` is the chance of so many members among those who are copied, were they copied
    as readily as test patients of as many images; exact and one-sided. How many images copy nobody does not enter.
    """

    members: Count
    members_copied: Count
    outsiders: Count
    outsiders_copied: Count
    p_value: Share


class DrawnCopies(Record):
    """How many released images are copies of an original that the publisher holds, of any patient and split.

    `images` are files, and `pictures` those that differ: of images that are equal to the bit one counts in all shares.
    `share` is that of pictures at least as alike to an original as `threshold`, or equal to it to the bit, `exact` that
    of the latter, `certain` that of those so alike that the two are one image, `training` that of copies of an original
    that the generator learnt from, `test` that of copies of test originals, `test_low` the lower end of its interval,
    and `test_certain` as `certain`. Pictures are the generator's draws, each by itself, so the interval is the exact
    binomial one over them; what a share says is the less, the more images beside it copy nobody, so `of_patients`
    tells whom they are copies of. `control` is the share of
    test originals that are as alike to an original of another patient, and `control_high` the upper end of its interval
    over patients; `different` as in `CopiesResult`. `patients_shown` counts patients whose radiographs are handed out.
    """

    images: Count
    pictures: Count
    originals: Count
    original_patients: Count
    different: Share
    threshold: Share
    share: Share
    interval: Interval
    exact: Share
    certain: Share
    training: Share
    test: Share
    test_low: Share
    test_certain: Share
    control: Share
    control_high: Share
    patients_shown: Count
    of_patients: CopiedPatients

    @property
    def publishes_originals(self) -> bool:
        """Whether it surely hands out originals.

        One that is the same image, more copies than different images look like, or copies of more members than of
        test patients, however many images beside them are copies of nobody.
        """
        return self.certain > 0 or self.interval.low > self.control_high or self.prefers_members

    @property
    def prefers_members(self) -> bool:
        """Whether surely more of those whom the generator learnt from are copied than of test patients."""
        return self.of_patients.p_value <= (1 - self.interval.confidence) / 2

    @property
    def saw_test(self) -> bool:
        """Whether it surely hands out test originals, whom a generator that never saw them could not know."""
        return self.test_certain > 0 or self.test_low > self.control_high


class MemoryFigure(Record):
    """How far patients whom the generator learnt from (members) are told from test patients; 0.5 is chance.

    `control` is the same of patients of a split that it did not learn from, in the place of members: it tells how far
    the splits differ. `change` is the value minus the control. Both are None where the generator learnt from all but
    the test patients. The value is None where no patients of as many images are on both sides, and where it is not
    `judged`, because the test patients may be among those whom the generator learnt from.
    """

    judged: bool
    value: Share | None
    interval: Interval | None
    members: Count
    outsiders: Count
    control: Share | None
    control_interval: Interval | None
    change: Change | None

    @property
    def verdict(self) -> Remembered:
        """What it says of memory. It never says that there is none."""
        if not self.judged:
            return "not judged"
        if self.value is None or self.interval is None:
            return "too few"
        # The control comes first: where test patients lie nearer to everything, half is not where chance leads.
        beyond = self.change is not None and self.change.interval is not None and self.change.interval.low > 0
        if self.interval.low <= 0.5:
            return "above control" if beyond else "not shown"
        if beyond:
            return "remembered"
        # A control arm that is too small to tell anything excuses nothing.
        differs = self.control_interval is not None and self.control_interval.low > 0.5
        return "splits differ" if differs else "above chance"

    @property
    def alarms(self) -> bool:
        """Whether a reader has to be warned of what is remembered."""
        return self.verdict in ALARMS


class UnpairedResult(Record):
    """What was found in a release of synthetic images. It was not attacked for linkage, and is never certified.

    `images` is how many were released, `labelled` how many of them with findings. `learnt_from` are the splits that
    its generator learnt from, which is `assumed` where nobody said so; `test_named` tells that the data name their test
    patients, so that the generator can have left them out: else no figure of memory is judged. Of `memorization` the
    value tells how often a released image is nearest to a member (a / (a + b), with a and b released images nearest to
    a member and to an outsider, per patient of that kind); of `membership` it is the AUC of an attack that tells
    members by how near released images come to their originals.
    """

    images: Count
    labelled: Count
    learnt_from: list[str]
    assumed: bool
    test_named: bool
    linkage: LinkageVerdict
    copies: DrawnCopies
    memorization: MemoryFigure
    membership: MemoryFigure
