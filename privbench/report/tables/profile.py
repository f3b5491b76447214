"""Where time and memory of a run went, beside what the machine can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...engine.display import duration
from ..figures import NOTHING, number_text
from ..table import Cell, Column, Rows, Sheet, Table, Value

if TYPE_CHECKING:
    from ...judging.ceilings import Ceiling
    from ...judging.profile import StageCost, TrainingCost

_UNITS = {"matrix rate": (1e9, "GFLOP/s"), "memory bandwidth": (1e9, "GB/s"), "decode rate": (1.0, "images/s")}


def profile_sheet(
    label: str,
    stages: Sequence[StageCost],
    ceilings: Sequence[Ceiling],
    at_best: float | None = None,
    notes: Sequence[str] = (),
) -> Sheet:
    """All of it; `label` names the run, `at_best` is the matrix rate of what it computed on, where that is known."""
    tables = [stages_table(stages), trainings_table(stages, at_best), ceilings_table(ceilings)]
    return Sheet(f"Where the time of {label} went", [one for one in tables if one.groups[0].rows], notes=notes)


def stages_table(stages: Sequence[StageCost]) -> Table:
    """A row a stage, the longest first."""
    made = [one for one in stages if not one.cached]
    total = sum(one.seconds for one in stages)
    caption = (
        f"{len(stages)} stages cost {duration(total)} when they were made; this run made {len(made)} of them, in "
        f"{duration(sum(one.seconds for one in made))} of work"
    )
    columns = [
        Column("stage", number=False),
        Column("seconds"),
        Column("share", note="of the seconds of all stages"),
        Column("cores", note="the processor's seconds by those of the clock; processes that help do not count"),
        Column("memory, MiB"),
        Column("device, MiB", place="wide"),
        Column("made", number=False, place="wide"),
    ]
    rows = [
        [
            Cell(one.name, {"table": "stages", "stage": one.name, "cached": one.cached}),
            _number(one.seconds, 1, "seconds"),
            Cell(_percent(one.seconds, total), sort=one.seconds),
            _number(one.processor, 2, "cores"),
            _number(one.memory_mib, 0, "memory_mib"),
            _number(one.device_memory_mib, 0, "device_memory_mib"),
            Cell("before" if one.cached else "by this run"),
        ]
        for one in stages
    ]
    return Table(caption, columns, [Rows(rows)])


def trainings_table(stages: Sequence[StageCost], at_best: float | None) -> Table:
    """A row a training: its parts, the largest first, and its rate beside that of products of large matrices."""
    caption = "Within the trainings"
    columns = [
        Column("stage", number=False),
        Column("training", number=False, place="wide"),
        Column("seconds"),
        Column("steps", place="wide"),
        Column("of which", number=False),
        Column("GFLOP/s", note="products and convolutions, by forward, backward and optimizer"),
        Column("of the best", note="of the matrix rate, with as many threads, of this machine"),
    ]
    rows = [_training(one, at_best) for stage in stages for one in stage.trainings]
    return Table(caption, columns, [Rows(rows)])


def _training(one: TrainingCost, at_best: float | None) -> list[Cell]:
    share = None if one.rate is None or at_best is None else one.rate / at_best
    return [
        Cell(one.stage, {"table": "trainings", "stage": one.stage, "training": one.training}),
        Cell(one.training),
        _number(one.total, 1, "seconds"),
        Cell(str(one.steps), {"steps": one.steps}, sort=one.steps),
        Cell(_parts(one), {f"{name}_seconds": seconds for name, seconds in one.seconds.items()}),
        Cell(
            number_text(None if one.rate is None else one.rate / 1e9, 1), {"flops_per_second": one.rate}, sort=one.rate
        ),
        Cell(NOTHING if share is None else f"{share:.0%}", {"share_of_matrix_rate": share}, sort=share),
    ]


def _parts(one: TrainingCost) -> str:
    """Such as `backward 61%, forward 34%, validation 3%`, without what is less than half a percent."""
    parts = sorted(one.seconds.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {_percent(seconds, one.total)}" for name, seconds in parts if seconds > one.total / 200)


def ceilings_table(ceilings: Sequence[Ceiling]) -> Table:
    """A row a ceiling."""
    columns = [
        Column("this machine's", number=False),
        Column("device", number=False),
        Column("threads"),
        Column("precision", number=False),
        Column("at best"),
    ]
    rows = []
    for one in ceilings:
        scale, unit = _UNITS[one.what]
        about: dict[str, Value] = {"table": "ceilings", "what": one.what, "device": one.device, "rate": one.rate}
        rows.append(
            [
                Cell(one.what, about),
                Cell(one.device),
                Cell(NOTHING if one.threads is None else str(one.threads), {"threads": one.threads}),
                Cell(one.precision, {"precision": one.precision}),
                Cell(f"{one.rate / scale:.1f} {unit}", sort=one.rate),
            ]
        )
    return Table("What this machine can do at best, measured now", columns, [Rows(rows)])


def _number(value: float | None, digits: int, name: str) -> Cell:
    return Cell(number_text(value, digits), {name: value}, sort=value)


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else NOTHING
