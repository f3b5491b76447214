"""Weights that runs did not learn themselves, and whom they saw."""

from __future__ import annotations

from ...data.ledger import Overlap, Roster
from ...record.run import RunRecord
from ...record.weights import WeightsRecord
from ..figures import NOTHING
from ..table import Cell, Column, Rows, Table, Value, count, text


def weights_table(record: RunRecord) -> Table | None:
    """A row for each of a run's files of weights; None where it has none."""
    if not record.weights:
        return None
    columns = [
        Column("network", number=False),
        Column("SHA-256", number=False),
        Column("format", number=False),
        Column("tensors taken"),
        Column("left random", number=False, note="tensors of the network's head that the file has none like"),
        Column("left out", number=False, note="tensors of the file's head that the network has no place for"),
        Column("patients seen", number=False, note="by split, as the weights' ledger tells; of so many"),
        Column("not known", number=False, note="why they may have seen others"),
    ]
    return Table("Weights that were learnt elsewhere", columns, [Rows([_row(one) for one in record.weights])])


def _row(one: WeightsRecord) -> list[Cell]:
    taken = one.taken
    return [
        text(one.of),
        text(one.digest[:12]),
        text(taken.format if taken else NOTHING),
        count(taken.taken) if taken else Cell(NOTHING),
        text(", ".join(taken.fresh) or NOTHING if taken else NOTHING),
        text(", ".join(taken.left) or NOTHING if taken else NOTHING),
        Cell(seen_text(one), doubtful=one.contaminated),
        text(one.unknown or NOTHING),
    ]


def seen_text(one: WeightsRecord) -> str:
    """Such as `train 30 of 30, val 0 of 12, test 0 of 18`."""
    return ", ".join(f"{split} {one.seen[split]} of {whole}" for split, whole in one.patients.items())


def overlap_table(title: str, found: Overlap, roster: Roster) -> Table:
    """Of each split how many patients weights saw."""
    columns = [Column("split", number=False), Column("patients"), Column("seen")]
    rows = [[text(split), count(len(names)), count(found.seen[split])] for split, names in roster.patients.items()]
    return Table(f"Patients of {roster.cohort.name} seen by {title}", columns, [Rows(rows)])


def contamination_mark(run: RunRecord) -> Cell:
    """A cell that marks a run some of whose weights saw test patients, or may have; of others it says nothing."""
    if not run.weights:
        return Cell(NOTHING)
    seen = max(one.seen.get("test", 0) for one in run.weights)
    unknown = [one.of for one in run.weights if one.unknown is not None]
    told: dict[str, Value] = {"weights_saw_test_patients": seen, "weights_of_unknown_origin": ", ".join(unknown)}
    if run.contaminated:
        return Cell(f"SAW {seen} TEST PATIENTS", told, sort=seen, doubtful=True)
    return Cell("ORIGIN UNKNOWN" if unknown else NOTHING, told, sort=0, doubtful=bool(unknown))
