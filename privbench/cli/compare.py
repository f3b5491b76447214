"""`privbench compare`."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from ..record.names import FigureName


class Format(StrEnum):
    terminal = "terminal"
    csv = "csv"
    json = "json"


def command(
    first: Annotated[Path, typer.Argument(help="A run folder.")],
    second: Annotated[Path, typer.Argument(help="Another one, under the same fingerprint.")],
    format: Annotated[Format, typer.Option(help="How the differences are printed.")] = Format.terminal,
) -> None:
    """Compare two runs figure by figure: paired differences with intervals, and what could have been detected."""
    import pandas as pd

    from ..judging.compare import compare_runs

    found = compare_runs(first, second)
    if format is not Format.terminal:
        rows = [asdict(row) | {"name": str(row.name)} for row in found.differences]
        flat = [
            row | {"low": row["interval"] and row["interval"].low, "high": row["interval"] and row["interval"].high}
            for row in rows
        ]
        frame = pd.DataFrame(flat).drop(columns="interval")
        if format is Format.csv:
            typer.echo(frame.to_csv(index=False), nl=False)
            for note in found.notes:
                typer.echo(note, err=True)
        else:
            rows = json.loads(frame.to_json(orient="records"))
            confidence = found.first.worst_case.interval.confidence
            told = {"first": found.first.label, "second": found.second.label, "confidence": confidence}
            typer.echo(json.dumps(told | {"notes": found.notes, "differences": rows}, indent=1))
        return
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("figure")
    for heading in ("first", "second", "difference", "p", "detectable"):
        table.add_column(heading, no_wrap=True)
    for row in found.differences:
        interval = row.interval
        span = f" [{interval.low:+.3f}, {interval.high:+.3f}]" if interval else " (no interval)"
        sure = interval is not None and not interval.low <= 0 <= interval.high
        difference = escape(f"{row.difference:+.3f}{span}")
        delong = f" (DeLong {_p_value(row.delong)})" if row.delong is not None else ""
        table.add_row(
            escape(_readable(row.name)),
            f"{row.first:.3f}",
            f"{row.second:.3f}",
            f"[bold]{difference}[/]" if sure else difference,
            _p_value(row.p_value) + delong,
            "–" if row.detectable is None else f"{row.detectable:.3f}",
        )
    console = Console()
    console.print(f"{found.first.label} → {found.second.label}", style="italic", highlight=False, markup=False)
    console.print(table)
    confidence = found.first.worst_case.interval.confidence
    console.print(
        f"Difference: second minus first, {confidence:.0%} interval over the same resamples of patients; bold where it "
        "leaves zero out. p: two-sided, corrected for the number of findings among them (Holm). Detectable: the "
        "smallest true difference that four of five studies like this one would show.",
        style="dim",
        highlight=False,
    )
    for note in found.notes:
        console.print(note, highlight=False, markup=False)


def _readable(name: FigureName) -> str:
    """Such as `worst case: AUC`, or of a finding `  AUC of Mass`, below the mean."""
    return f"{name.whose}: {name.metric}" if name.finding is None else f"  {name.metric} of {name.finding}"


def _p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
