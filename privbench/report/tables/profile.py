"""Where time and memory of a run went, beside what the machine can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...engine.display import duration
from ..figures import NOTHING, number_text
from ..table import Cell, Column, Rows, Sheet, Table, Value

if TYPE_CHECKING:
    from ...base.timing import Decoding
    from ...judging.ceilings import Bounds, Ceiling
    from ...judging.profile import StageCost, TrainingCost

_UNITS = {"matrix rate": (1e9, "GFLOP/s"), "memory bandwidth": (1e9, "GB/s"), "decode rate": (1e6, "Mpixel/s")}
_MEANWHILE = "the processor meanwhile"


def profile_sheet(
    label: str,
    stages: Sequence[StageCost],
    ceilings: Sequence[Ceiling],
    bounds: Bounds,
    notes: Sequence[str] = (),
) -> Sheet:
    """All of it; `label` names the run, and its rates are held against the bounds, which are among the ceilings."""
    tables = [
        stages_table(stages),
        decoding_table(stages, bounds),
        trainings_table(stages, bounds),
        ceilings_table(ceilings, bounds),
    ]
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


def decoding_table(stages: Sequence[StageCost], bounds: Bounds) -> Table:
    """A row a stage that read images from files: how fast, beside how fast they could be decoded."""
    columns = [
        Column("stage", number=False),
        Column("images"),
        Column("seconds", note="from the first image to the last, with their masks, and with the writing of all"),
        Column("helpers", place="wide"),
        Column("images/s"),
        Column("Mpixel/s", note="of the files"),
        Column(
            "of the best",
            note="of the decode rate, which is that of 8-bit PNGs: a pixel of other files may be less work, or more",
        ),
    ]
    rows = [_decoding(one.name, one.decoding, bounds) for one in stages if one.decoding is not None]
    return Table("Images read from files", columns, [Rows(rows)])


def _decoding(stage: str, one: Decoding, bounds: Bounds) -> list[Cell]:
    images, pixels = (count / one.seconds if one.seconds else None for count in (one.images, one.pixels))
    return [
        Cell(stage, {"table": "decoding", "stage": stage}),
        Cell(str(one.images), {"images": one.images, "pixels": one.pixels}, sort=one.images),
        _number(one.seconds, 1, "seconds"),
        Cell(str(one.helpers), {"helpers": one.helpers}, sort=one.helpers),
        _number(images, 0, "images_per_second"),
        _scaled(pixels, 1e6, "pixels_per_second"),
        _share(pixels, bounds.decode, "share_of_decode_rate"),
    ]


def trainings_table(stages: Sequence[StageCost], bounds: Bounds) -> Table:
    """A row a training: its parts, the largest first, and its rates beside what this machine can do."""
    columns = [
        Column("stage", number=False),
        Column("training", number=False, place="wide"),
        Column("seconds", note="of the clock"),
        Column("steps", place="wide"),
        Column("of which", number=False, note="by the clock of the device, where there is one"),
        Column(
            _MEANWHILE,
            number=False,
            note="the same seconds by its own clock: what it took to give the work, and what it waited",
            place="below",
            lead=f"{_MEANWHILE}: ",
        ),
        Column(
            "optimizer",
            number=False,
            note="what it has to read and write at least, and the share of the memory bandwidth that this is, which "
            "weights that fit a cache may exceed",
            place="below",
            lead="optimizer: ",
        ),
        Column("GFLOP/s", note="products and convolutions, by forward, backward and optimizer"),
        Column("of the best", note="of the matrix rate, with as many threads and as precise, of this machine"),
    ]
    rows = [_training(one, bounds) for stage in stages for one in stage.trainings]
    return Table("Within the trainings", columns, [Rows(rows)])


def _training(one: TrainingCost, bounds: Bounds) -> list[Cell]:
    meanwhile = {} if one.device_seconds is None else one.processor_seconds
    return [
        Cell(one.stage, {"table": "trainings", "stage": one.stage, "training": one.training}),
        Cell(one.training),
        _number(one.total, 1, "seconds"),
        Cell(str(one.steps), {"steps": one.steps}, sort=one.steps),
        Cell(_parts(one.parts), {f"{name}_seconds": seconds for name, seconds in one.parts.items()}),
        Cell(
            _parts(meanwhile) or NOTHING,
            {f"processor_{name}_seconds": seconds for name, seconds in meanwhile.items()},
        ),
        _optimizer(one, bounds),
        _scaled(one.rate, 1e9, "flops_per_second"),
        _share(one.rate, bounds.matrix, "share_of_matrix_rate"),
    ]


def _optimizer(one: TrainingCost, bounds: Bounds) -> Cell:
    """Such as `3.1 GB/s, 12%`."""
    scaled = _scaled(one.optimizer_rate, 1e9, "optimizer_bytes_per_second")
    share = _share(one.optimizer_rate, bounds.copy, "share_of_memory_bandwidth")
    known = [part for part in (f"{scaled.text} GB/s", share.text) if NOTHING not in part]
    return Cell(", ".join(known) or NOTHING, {**scaled.figures, **share.figures}, sort=scaled.sort)


def _parts(seconds: Mapping[str, float]) -> str:
    """Such as `backward 61%, forward 34%, validation 3%`, without what is less than half a percent."""
    parts, total = sorted(seconds.items(), key=lambda part: -part[1]), sum(seconds.values())
    return ", ".join(f"{name} {_percent(part, total)}" for name, part in parts if part > total / 200)


def ceilings_table(ceilings: Sequence[Ceiling], bounds: Bounds) -> Table:
    """A row a ceiling."""
    columns = [
        Column("this machine's", number=False),
        Column("device", number=False),
        Column("threads"),
        Column("precision", number=False),
        Column("at best"),
        Column("beside", number=False, note="what of the run is held against it"),
    ]
    beside = {bounds.matrix: "trainings", bounds.copy: "optimizers", bounds.decode: "reading of images"}
    rows = []
    for one in ceilings:
        scale, unit = _UNITS[one.what]
        about: dict[str, Value] = {"table": "ceilings", "what": one.what, "device": one.device, "rate": one.rate}
        precision = "" if one.arithmetic is None else str(one.arithmetic)
        rows.append(
            [
                Cell(one.what, about),
                Cell(one.device),
                Cell(NOTHING if one.threads is None else str(one.threads), {"threads": one.threads}),
                Cell(precision, {"precision": precision}),
                Cell(f"{one.rate / scale:.1f} {unit}", sort=one.rate),
                Cell(beside.get(one, NOTHING)),
            ]
        )
    return Table("What this machine can do at best, measured now", columns, [Rows(rows)])


def _share(rate: float | None, bound: Ceiling | None, name: str) -> Cell:
    share = None if rate is None or bound is None else rate / bound.rate
    return Cell(NOTHING if share is None else f"{share:.0%}", {name: share}, sort=share)


def _scaled(rate: float | None, scale: float, name: str) -> Cell:
    return Cell(number_text(None if rate is None else rate / scale, 1), {name: rate}, sort=rate)


def _number(value: float | None, digits: int, name: str) -> Cell:
    return Cell(number_text(value, digits), {name: value}, sort=value)


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else NOTHING
