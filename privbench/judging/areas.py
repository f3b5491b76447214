"""The trade-off of a method as one number: what its certified settings reach together, measured against `identity`.

Privacy gained is the share of the attacker's margin over a guess that a setting takes away, utility kept the share of
the reader's margin that it leaves. A setting spans a rectangle from nothing to what it reaches, and the area of their
union is the hypervolume of Zitzler & Thiele (1999): 0 for `identity` and for a constant image, 1 for what takes all of
the one and leaves all of the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..metrics import intervals
from ..metrics.hypervolume import area_below
from ..record.estimates import Estimate
from ..record.values import Interval
from .methods import MethodRuns, methods_of, setting_of
from .ranking import Board

REFERENCE = "identity"
"""The anonymizer that changes nothing, against which all others are measured."""
_METHOD = (
    "area below the ends of simultaneous intervals of all settings, bootstrap over test patients, joined with the "
    "spread of the trainings"
)
_GUESS = 0.5
_NO_SPREAD = 1e-9


@dataclass(frozen=True)
class MethodArea:
    """The area of a method, 0 to 1; None where none of its settings counts.

    Of the settings those are counted that are certified and keep their resampled figures. The interval is None where
    too few patients leave nothing to say.
    """

    method: str
    settings: int
    counted: int
    value: float | None = None
    interval: Interval | None = None


@dataclass(frozen=True)
class Areas:
    """The areas of a board's methods, the largest first; or none, and why not, as a sentence."""

    methods: tuple[MethodArea, ...] = ()
    why_none: str | None = None


class Reference(NamedTuple):
    """What REFERENCE reached, and how sure intervals are to be."""

    privacy: Estimate
    utility: Estimate
    confidence: float


@lru_cache(maxsize=1)  # a board's tables and notes ask in turn
def areas_of(board: Board) -> Areas | None:
    """The areas of all methods but REFERENCE; None where none has two settings, or there is nothing to trade off."""
    if board.unjudged is not None or any(run.utility is None for run in board.records):
        return None
    methods = methods_of(board.standings)
    if all(method.settings < 2 for method in methods):
        return None
    reference = _reference(board)
    if isinstance(reference, str):
        return Areas(why_none=f"The area under the trade-off is not told: {reference}.")
    areas = [_area(method, reference) for method in methods if method.name != REFERENCE]
    return Areas(tuple(sorted(areas, key=lambda one: math.inf if one.value is None else -one.value)))


def _reference(board: Board) -> Reference | str:
    """What REFERENCE reached; or why nothing can be measured against it, in a clause.

    Of several runs the lowest AUC counts and the highest utility: either makes every area smaller than another would.
    """
    entries = [one.entry for one in board.standings if one.entry.record.anonymizer.name == REFERENCE]
    if not entries:
        return f"no run of {REFERENCE} is among these, against which privacy and utility are measured"
    certified = [one for one in entries if one.record.certified]
    if not certified:
        return f"{REFERENCE}, against which privacy and utility are measured, is not certified"
    told = [(one.record, one.privacy, one.utility) for one in certified if one.privacy and one.utility]
    if len(told) < len(certified):
        return f"the run of {REFERENCE} keeps no resampled figures: run it again with --overwrite"
    attacked, privacy, _ = min(told, key=lambda one: one[1].value)
    read, _, utility = max(told, key=lambda one: one[2].value)
    margins = {"the attack": attacked.judged.interval.low, "the reader of findings": read.utilities[0].interval.low}
    if lost := [name for name, low in margins.items() if low <= _GUESS]:
        return f"on {REFERENCE} {' and '.join(lost)} may do no better than a guess"
    return Reference(privacy, utility, attacked.interval.confidence)


def _area(method: MethodRuns, reference: Reference) -> MethodArea:
    figures = [(one, one.entry.privacy, one.entry.utility) for one in method.standings if one.entry.record.certified]
    found = [
        (one, share_left(privacy, reference.privacy), share_left(utility, reference.utility))
        for one, privacy, utility in figures
        if privacy is not None and utility is not None
    ]
    told = MethodArea(method.name, method.settings, len({setting_of(one) for one, _, _ in found}))
    if not found:
        return told
    _, attacked, useful = zip(*found, strict=True)
    gained, kept = 1 - np.array([one.value for one in attacked]), np.array([one.value for one in useful])
    ends = area_between(attacked, useful, reference.confidence)
    interval = ends and Interval(
        low=ends[0], high=ends[1], confidence=reference.confidence, method=_METHOD,
        resamples=len(reference.privacy.resampled),
    )  # fmt: skip
    return replace(told, value=float(area_below(gained, kept)), interval=interval)


def share_left(one: Estimate, whole: Estimate) -> Estimate:
    """The share of a margin over a guess that is left, (one - 0.5) / (whole - 0.5), of the same patients.

    Draws in which the whole is no better than a guess have none.
    """
    margin = whole.value - _GUESS
    share = (one.value - _GUESS) / margin
    # What patients share cancels, and trainings vary on their own, as in the difference that it is to first order.
    change = _scaled(one, 1 / margin).minus(_scaled(whole, share / margin))
    return replace(
        change,
        value=share,
        resampled=_ratio(one.resampled, whole.resampled),
        jackknife=_ratio(one.jackknife, whole.jackknife),
        bounds=(0.0, 1.0),
    )


def _scaled(one: Estimate, factor: float) -> Estimate:
    return replace(
        one,
        value=one.value * factor,
        resampled=one.resampled * factor,
        jackknife=one.jackknife * factor,
        between=one.between * factor,
        training_error=None if one.training_error is None else abs(one.training_error * factor),
    )


def _ratio(one: np.ndarray, whole: np.ndarray) -> np.ndarray:
    margin = whole - _GUESS
    return np.divide(one - _GUESS, margin, out=np.full(len(one), np.nan), where=margin > 0)


def area_between(
    attacked: Sequence[Estimate], useful: Sequence[Estimate], confidence: float
) -> tuple[float, float] | None:
    """The ends of the area's interval; None where an estimate is of too few patients.

    Every share gets an interval, all of them at once: the largest studentized deviation of all of them, over the
    resamples, gives one critical value; those that never vary share the chance of a miss with it, a part of it each
    (Bonferroni). The area grows with each share, so its ends are the areas of theirs. The area's
    own resamples would not do: it is a maximum of figures that are cut off at nothing, and so too large wherever
    settings do nothing, and larger still in each resample (docs/statistics.md).

    Args:
        attacked: the share of the attacker's margin that each setting leaves.
        useful: the share of the reader's margin that it leaves, in the same order.
        confidence: of the interval.
    """
    shares = [*attacked, *useful]
    if not all(one.told for one in shares):
        return None
    values = np.array([one.value for one in shares])
    draws = np.stack([np.nan_to_num(one.joined(place) - one.value) for place, one in enumerate(shares)])
    spread = draws.std(1)
    effective = min(one.effective for one in shares)
    varies = spread > _NO_SPREAD
    still = np.flatnonzero(~varies & np.isin(values, (0.0, 1.0)))  # nothing went wrong yet, or right
    each = (1 - confidence) / len(shares)
    reach = np.zeros(len(shares))
    if varies.any():
        largest = np.abs(draws[varies] / spread[varies, None]).max(0)
        critical = float(np.quantile(largest, confidence + each * len(still)))
        reach = spread * intervals.student_critical(critical, effective)
    ends = np.stack([values - reach, values + reach])
    for place in still:
        ends[:, place] = intervals.at_the_bound(float(values[place]), (0.0, 1.0), 1 - each, effective)
    (least, most), number = ends, len(attacked)
    low = area_below(1 - most[:number], least[number:])
    high = area_below(1 - least[:number], most[number:])
    return float(low), float(high)
