"""Several runs of one command: what is wrong with any of them is told before the first one begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..base.errors import PrivbenchError

if TYPE_CHECKING:
    from ..api import Plan


def plan_all(runs: Iterable[Callable[[], Plan]]) -> list[Plan]:
    """Every run's plan. Raises one PrivbenchError with a line for each mistake and each folder in the way."""
    plans, wrong = [], []
    for run in runs:
        try:
            plans.append(run())
        except PrivbenchError as error:
            wrong.append(str(error))
    if wrong:
        raise PrivbenchError("\n".join(dict.fromkeys(wrong)))
    return plans
