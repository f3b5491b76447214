"""What is known of the risk of single patients: who is found, how surely, and who is hit worst."""

from __future__ import annotations

from .values import Count, Interval, Record, Share


class RiskFigure(Record):
    """A share of patients, or of what an attacker says of them: the mean over the trainings, unitless.

    More of it is more private, or less. The value is None where it cannot be told, the interval where patients are too
    few.
    """

    name: str
    more_is_private: bool
    value: Share | None
    interval: Interval | None


class ImagesRate(Record):
    """The rank-1 rate of searches by how many images the patient has, from `low` up to below `high`.

    Of those of the probe's own visit, which are passed over, the probe alone counts.
    """

    low: Count
    high: Count | None
    patients: Count
    rank_1: Share
    interval: Interval | None


class RiskResult(Record):
    """What searches for every release among all originals of the test patients, but its own, do to these patients.

    `patients` have images of two visits at least, and can be found; `alone` of one. A name is given where names were
    right with the `precision` among validation images, each patient counted alike. `guess` is the rank-1 rate of who
    does not look.
    """

    patients: Count
    alone: Count
    precision: Share
    guess: Share
    figures: list[RiskFigure]
    by_images: list[ImagesRate]

    def figure(self, name: str) -> RiskFigure | None:
        """The figure of that name; None where it is none of this privbench's."""
        return next((figure for figure in self.figures if figure.name == name), None)
