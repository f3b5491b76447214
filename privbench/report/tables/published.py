"""A paper's figures beside those of this harness."""

from __future__ import annotations

from collections.abc import Sequence

from ...record.attack import AttackResult
from ...record.run import RunRecord
from ...sweeps.schema import Row
from ..figures import NOTHING, bracketed, interval_text
from ..table import Cell, Column, Rows, Table, text


def beside_published(runs: Sequence[tuple[Row, RunRecord]], caption: str) -> Table | None:
    """One row a run that the paper, and an attack in its scenario, have figures of; None where there is none."""
    columns = [Column("anonymizer", number=False)]
    columns += [Column(title) for title in ("paper: verification", "here", "paper: classification", "here")]
    rows = [cells for row, record in runs if (cells := _cells(row, record)) is not None]
    return Table(caption, columns, [Rows(rows)]) if rows else None


def _cells(row: Row, record: RunRecord) -> list[Cell] | None:
    attack = next((one for one in record.attacks if one.scenario == "paper"), None)
    if row.published is None or attack is None:
        return None
    mean, spread = row.published.verification
    return [
        text(record.label),
        text(f"{mean:.3f} ± {spread:.3f}"),
        text(_with_spread(attack)),
        text(bracketed(*row.published.classification)),
        text(interval_text(record.utility.mean_auc, record.utility.interval) if record.utility else NOTHING),
    ]


def _with_spread(attack: AttackResult) -> str:
    spread = f" ± {attack.seed_std:.3f}" if attack.seed_std is not None else ""
    figure, _, brackets = interval_text(attack.verification_auc, attack.interval).partition(" ")
    return f"{figure}{spread} {brackets}"
