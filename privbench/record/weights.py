"""What is known of weights that a run did not learn itself: what was taken of them, and whom they saw."""

from __future__ import annotations

from typing import Literal

from .values import Count, Record


class TakenRecord(Record):
    """What a network took from a file of that format: so many tensors.

    `fresh` are those of its head that stay random, because the file has none like them; `left` those of the file's own
    head.
    """

    format: Literal["safetensors", "torch"]
    taken: Count
    fresh: list[str]
    left: list[str]


class WeightsRecord(Record):
    """Weights that a network of the run began with, by the SHA-256 of their file, and whom of the run they saw.

    `of` tells which network, `taken` is None where its plugin does not tell what it took. `seen` are the patients, by
    split, whom the weights surely saw, of so many `patients`; `unknown` is a clause that tells why they may have seen
    others, None where they did not.
    """

    of: str
    digest: str
    taken: TakenRecord | None
    seen: dict[str, Count]
    patients: dict[str, Count]
    unknown: str | None

    @property
    def contaminated(self) -> bool:
        """Whether they saw a patient on whom the run's figures are measured."""
        return self.seen.get("test", 0) > 0

    @property
    def told(self) -> str:
        """How many test patients they saw, in a clause."""
        seen, all_of_them = (counts.get("test", 0) for counts in (self.seen, self.patients))
        return f"the weights of the {self.of} saw {seen} of {all_of_them} test patients"
