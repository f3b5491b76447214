"""The methods of a board by the area under their trade-off; one that is not proven has no number."""

from __future__ import annotations

from ...judging.areas import REFERENCE, Areas, MethodArea, areas_of
from ...judging.ranking import Board
from ...record.run import RunRecord
from ..figures import interval_text
from ..table import MACHINES, Cell, Column, Rows, Table, Value

_NOT_PROVEN = (
    "Not told, because none of their settings counts: a low figure that is not proven is no evidence of privacy"
)


def areas_table(board: Board) -> Table | None:
    """A row a method, the largest area first; None where no method has several settings, or nothing can be told."""
    areas = areas_of(board)
    if areas is None or not areas.methods:
        return None
    columns = [
        Column("method", number=False),
        Column(
            "area ↑",
            note=f"privacy gained by utility kept, both as shares of the margins over a guess on {REFERENCE}, by all "
            f"settings together: 0 is {REFERENCE} or an empty image, 1 all privacy at full utility; the brackets hold "
            "for all settings at once, and so are wide",
        ),
        Column("settings counted", note="those that are certified and keep their resampled figures, of all"),
        MACHINES,
    ]
    first = board.records[0]
    whose: dict[str, Value] = {"fingerprint": board.fingerprint, "protocol": first.protocol["name"]}
    told = [one for one in areas.methods if one.value is not None]
    groups = {None: told, _NOT_PROVEN: [one for one in areas.methods if one.value is None]}
    rows = [Rows([_row(one, whose) for one in group], title) for title, group in groups.items() if group]
    return Table("Methods, by area under the trade-off", columns, rows, kind="areas")


def why_no_areas(board: Board) -> list[str]:
    """Why methods of several settings have no area, in a sentence; nothing where they have, or there are none."""
    areas = areas_of(board)
    return [areas.why_none] if areas and areas.why_none else []


def area_of_method(areas: Areas | None, run: RunRecord) -> dict[str, Value]:
    """What machines get of the area of a run's method; nothing where no area is told."""
    found = next((one for one in areas.methods if one.method == run.anonymizer.name), None) if areas else None
    return {} if found is None else _figures(found)


def _row(area: MethodArea, whose: dict[str, Value]) -> list[Cell]:
    value = Cell(interval_text(area.value, area.interval), sort=area.value)
    return [
        Cell(area.method, whose),
        value if area.value is not None else Cell("NOT PROVEN", doubtful=True),
        Cell(f"{area.counted} of {area.settings}", sort=area.counted),
        Cell("", _figures(area)),
    ]


def _figures(area: MethodArea) -> dict[str, Value]:
    return {
        "method": area.method,
        "method_settings": area.settings,
        "method_settings_counted": area.counted,
        "method_area": area.value,
        "method_area_low": area.interval.low if area.interval else None,
        "method_area_high": area.interval.high if area.interval else None,
    }
