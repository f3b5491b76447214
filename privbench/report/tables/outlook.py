"""What runs would take: their stages, those that are there, and how long the others will last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...engine.display import duration
from ..table import Cell, Column, Rows, Table, number, text

if TYPE_CHECKING:
    from ...engine.outlook import Expected, Outlook


def outlook_table(told: Outlook) -> Table:
    """A row for all stages of one name; in a sweep every run has one called `release`."""
    columns = [
        Column("stage", number=False),
        Column("in the store"),
        Column("to make"),
        Column("seconds", note="of stages of their kind that the store holds"),
        Column("memory, MiB", place="wide"),
        Column("longest way", number=False, note="no number of workers makes the whole faster than its stages"),
    ]
    by_name: dict[str, list[Expected]] = {}
    for one in told.stages:
        by_name.setdefault(one.name, []).append(one)
    rows = [_row(name, alike) for name, alike in by_name.items()]
    return Table(_caption(told), columns, [Rows(rows)])


def _row(name: str, alike: Sequence[Expected]) -> list[Cell]:
    missing = [one for one in alike if not one.there]
    costs = [one.cost for one in missing if one.cost is not None]
    memory = [cost.memory for cost in costs if cost.memory is not None]
    known = missing and len(costs) == len(missing)
    return [
        text(name),
        number(len(alike) - len(missing), 0),
        number(len(missing), 0),
        number(sum(cost.seconds for cost in costs), 1) if known else Cell("?" if missing else ""),
        number(max(memory), 0) if known and len(memory) == len(missing) else Cell("?" if missing else ""),
        text("yes" if any(one.critical and not one.there for one in alike) else ""),
    ]


def _caption(told: Outlook) -> str:
    there = sum(one.there for one in told.stages)
    if there == len(told.stages):
        return f"All {there} stages are in the store"
    made = f"{there} of {len(told.stages)} stages are in the store; {len(told.stages) - there} have to be made"
    if told.unknown == len(told.stages) - there:
        return f"{made}, and none of their kind was made before: how long that lasts nobody knows"
    least = "at least " if told.unknown else "about "
    return (
        f"{made}: {least}{duration(told.lasts)}, {told.slots} at once "
        f"({duration(told.work)} of work, the longest way {duration(told.way)})"
    )
