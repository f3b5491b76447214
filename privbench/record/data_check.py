"""What a check of a data set tells: everything that has to be mended, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from .values import Count, Record

Weight = Literal["mend", "look"]
"""Whether a run refuses it, or its figures would be wrong; or whether nothing may be the matter."""


class DataFinding(Record):
    """Something that was found of images.

    `text` is a sentence. `images` are all that it concerns, by name, but for one of each copies that stays.
    """

    kind: str
    weight: Weight
    text: str
    images: tuple[str, ...] = ()


class LabelCounts(Record):
    """How many images a finding is present on, absent from, and unknown of."""

    present: Count
    absent: Count
    unknown: Count


class SplitCounts(Record):
    images: Count
    patients: Count


class DataCheck(Record):
    """A data set as one look at all of it found it.

    Counts are of the sound images alone. `whole` tells whether everything was looked at: what is wrong with a table,
    and not with some of its images, may keep the rest from it. `size` is the side of the images, in pixels. `several`
    counts patients by their number of images, `years` those with several images of known age by the years between the
    first and the last of them. `known` counts the images of which a column tells something, `sexes` and `views` by what
    they tell. `notices` are what a run would warn of. `marked` images have bright marks near the border, as letters
    are; None where images are too small.
    """

    schema_version: Literal[1] = 1
    dataset: str
    size: Count
    whole: bool
    listed: Count
    images: Count
    patients: Count
    splits: Mapping[str, SplitCounts]
    several: Mapping[str, Count]
    years: Mapping[str, Count]
    labels: Mapping[str, LabelCounts]
    known: Mapping[str, Count]
    sexes: Mapping[str, Count]
    views: Mapping[str, Count]
    marked: Count | None
    notices: Sequence[str]
    findings: Sequence[DataFinding]

    @property
    def to_mend(self) -> list[DataFinding]:
        """What has to be mended, in the order in which it was found."""
        return [one for one in self.findings if one.weight == "mend"]

    @property
    def bad_images(self) -> list[str]:
        """The images without which nothing is left to mend, as far as leaving images out mends it; by name."""
        return sorted({name for one in self.to_mend for name in one.images})
