"""The runs of a board as curves: a method's settings are joined, where any method has several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from ...judging.methods import MethodRuns, methods_of
from ...judging.ranking import Standing
from .style import COLORS, Series, shortened

_LONGEST = 14  # letters beside a point
_GREYISH = COLORS[-1]
"""A colour that stands for no method where grey says that something is dominated."""


@dataclass(frozen=True)
class MethodCurve:
    """A method as the trade-off shows it: how its legend's entry is drawn, and its points from weak to strong."""

    series: Series
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class CurvePoint:
    """A run: its place on the board and its mark, how it is drawn, and how it differs from others of its method."""

    place: int
    mark: str
    series: Series
    strength: str = ""


def curves_of(
    series: Sequence[Series], standings: Sequence[Standing], names: Sequence[str] | None = None
) -> list[MethodCurve]:
    """The methods in the board's order, each in a colour and marker of its own, dominated runs muted.

    Where no method has two settings, every run is by itself, as in all other plots. `series` are the runs', `names`
    those of their methods, where these are not the anonymizers'.
    """
    methods = methods_of(standings, names)
    if all(method.settings < 2 for method in methods):
        return [MethodCurve(one, (CurvePoint(place, one.mark, one),)) for place, one in enumerate(series)]
    places = {id(one): place for place, one in enumerate(standings)}
    numbers = (number for number in count() if COLORS[number % len(COLORS)] != _GREYISH)
    return [
        _curve(method, number, [(places[id(one)], series[places[id(one)]]) for one in method.standings])
        for number, method in zip(numbers, methods, strict=False)
    ]


def are_joined(curves: Sequence[MethodCurve]) -> bool:
    """Whether any of them has several points."""
    return any(len(curve.points) > 1 for curve in curves)


def _curve(method: MethodRuns, number: int, runs: Sequence[tuple[int, Series]]) -> MethodCurve:
    points = [
        CurvePoint(
            place,
            run.mark,
            replace(run, number=number, dominated=standing.dominated_by is not None),
            shortened(", ".join(map(_told, method.values(standing))), _LONGEST),
        )
        for (place, run), standing in zip(runs, method.standings, strict=True)
    ]
    drawn = [one.series for one in points]
    entry = Series(
        drawn[0].name if len(drawn) == 1 else _title(method),
        number,
        certified=any(one.certified for one in drawn),
        dominated=all(one.dominated for one in drawn),
    )
    return MethodCurve(entry, tuple(points))


def _title(method: MethodRuns) -> str:
    """The method, and what stands beside its points, such as `blur, sigma 1…4` or `dp-pix, b and epsilon`."""
    if not method.varied:
        return method.name
    if len(method.varied) > 1:
        return f"{method.name}, {', '.join(method.varied[:-1])} and {method.varied[-1]}"
    first, *_, last = (_told(*method.values(one)) for one in method.standings)
    return f"{method.name}, {method.varied[0]} {first}…{last}"


def _told(value: object) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
