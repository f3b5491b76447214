"""Two runs, figure by figure."""

from __future__ import annotations

import json

from ...judging.compare import Comparison, Difference
from ...record.names import FigureName
from ..figures import difference_text, is_sure, number_text, p_text
from ..machine import as_frame, as_records
from ..table import MACHINES, Cell, Column, Rows, Sheet, Table


def comparison_sheet(found: Comparison) -> Sheet:
    """The differences below the names of both runs, and what a reader has to know."""
    confidence = found.first.interval.confidence
    note = (
        f"Difference: second minus first, {confidence:.0%} interval over the same resamples of patients; bold where it "
        "leaves zero out. p: two-sided, corrected for the number of findings among them (Holm). Detectable: the "
        "smallest true difference that four of five studies like this one would show."
    )
    heading = f"{found.first.label} → {found.second.label}"
    return Sheet(heading, [comparison(found)], [note], warnings=found.notes)


def comparison(found: Comparison) -> Table:
    """One row a figure that both runs have."""
    columns = [
        Column("figure", number=False),
        *(Column(title) for title in ("first", "second", "difference", "p", "detectable")),
        MACHINES,
    ]
    return Table("Differences", columns, [Rows([_row(one) for one in found.differences])])


def comparison_json(found: Comparison) -> str:
    """The differences, with the names of both runs, the intervals' confidence, and what a reader has to know."""
    told = {
        "first": found.first.label,
        "second": found.second.label,
        "confidence": found.first.interval.confidence,
        "notes": found.notes,
        "differences": as_records(as_frame([comparison(found)])),
    }
    return json.dumps(told, indent=1)


def _row(one: Difference) -> list[Cell]:
    interval = one.interval
    known = difference_text(one.difference, interval) + ("" if interval else " (no interval)")
    delong = f" (DeLong {p_text(one.delong)})" if one.delong is not None else ""
    low, high = (interval.low, interval.high) if interval else (None, None)
    return [
        Cell(_readable(one.name), {"name": str(one.name)}),
        Cell(number_text(one.first), {"first": one.first}),
        Cell(number_text(one.second), {"second": one.second}),
        Cell(known, {"difference": one.difference}, strong=is_sure(interval)),
        Cell(p_text(one.p_value) + delong, {"p_value": one.p_value}),
        Cell(number_text(one.detectable), {"detectable": one.detectable}),
        Cell("", {"delong": one.delong, "low": low, "high": high}),
    ]


def _readable(name: FigureName) -> str:
    """Such as `worst case: AUC`, or of a finding `  AUC of Mass`, below the mean."""
    return f"{name.whose}: {name.metric}" if name.finding is None else f"  {name.metric} of {name.finding}"
