"""The runs of a board by method: what differs between its settings, and in which order they are a curve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .ranking import Standing


@dataclass(frozen=True)
class MethodRuns:
    """A method with its runs, from weak to strong. `varied` are the parameters in which they differ."""

    name: str
    standings: tuple[Standing, ...]
    varied: tuple[str, ...]

    @property
    def settings(self) -> int:
        """How many settings of it there are; runs of one setting are one."""
        return len({setting_of(one) for one in self.standings})

    def values(self, standing: Standing) -> list[Any]:
        """What the varied parameters are in a run."""
        return [standing.entry.record.anonymizer.params.get(name) for name in self.varied]


def methods_of(standings: Sequence[Standing], names: Sequence[str] | None = None) -> list[MethodRuns]:
    """The methods in the order of their first runs: of the names that are given to the runs, else of their anonymizers.

    Runs that differ in one number stand in its order, the more useful end first; others stand in that of utility.
    Where no findings are told, utility says nothing, and they stay as they are.
    """
    groups: dict[str, list[Standing]] = {}
    for name, one in zip(names or [one.entry.record.anonymizer.name for one in standings], standings, strict=True):
        groups.setdefault(name, []).append(one)
    return [_method(name, group) for name, group in groups.items()]


def setting_of(standing: Standing) -> str:
    """All parameters of a run's method, as a text that only the same ones share."""
    return json.dumps(standing.entry.record.anonymizer.params, sort_keys=True)


def _method(name: str, group: list[Standing]) -> MethodRuns:
    params = [one.entry.record.anonymizer.params for one in group]
    names = list(dict.fromkeys(key for own in params for key in own))
    varied = [key for key in names if any(own.get(key) != params[0].get(key) for own in params)]
    ordered = sorted(group, key=lambda one: -_useful(one))
    if len(varied) == 1 and all(_is_number(own.get(varied[0])) for own in params):
        by_number = sorted(group, key=lambda one: one.entry.record.anonymizer.params[varied[0]])
        ordered = by_number if _useful(by_number[0]) >= _useful(by_number[-1]) else by_number[::-1]
    return MethodRuns(name, tuple(ordered), tuple(varied))


def _useful(standing: Standing) -> float:
    utility = standing.entry.record.utility
    return 0.0 if utility is None else utility.mean_auc


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
