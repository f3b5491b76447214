"""What is wrong with the images of a data set, by the images: what ends a run, and what a check of the data tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..base.errors import PrivbenchError, told_together

UNREADABLE = "not readable"
"""The kind of what is no sound picture of grey values."""


@dataclass(frozen=True)
class Problem:
    """Something of a data set that its user has to mend.

    `kind` says what in a word or two, alike for all that is alike; `text` is a sentence, as an error's own would be.
    `images` are all that it concerns, by name: without them it is gone. None where leaving images out mends nothing.
    """

    kind: str
    text: str
    images: tuple[str, ...] = ()


class DataError(PrivbenchError):
    """Everything that is wrong with the images of a data set, as far as somebody has looked."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(told_together([one.text for one in problems]))
        self.problems = tuple(problems)


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raises one DataError that tells all the problems; none where there is none."""
    if problems:
        raise DataError(problems)


def problems_of(error: PrivbenchError, kind: str) -> tuple[Problem, ...]:
    """The problems that an error tells; an error of no images is one of that kind."""
    return error.problems if isinstance(error, DataError) else (Problem(kind, str(error)),)


def of_part(problems: Iterable[Problem], name: Callable[[str], str], text: Callable[[str], str]) -> list[Problem]:
    """The problems of a part of a data set as those of the whole, which calls images and their trouble otherwise."""
    return [replace(one, text=text(one.text), images=tuple(map(name, one.images))) for one in problems]
