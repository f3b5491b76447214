"""The section of `gpu.py` on trainings: each beside a plain one, how fast it is, and what memory it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from further_trainings import further
from gpu_busy import Busy
from gpu_rows import MISSED, OK, SKIPPED, Bench
from own_trainings import Drawn, Training, Way, drawn, trainings

from privbench.engine.meter import Meter
from privbench.protocols.schema import Protocol, load_protocol

_LEAST = {"siamese": 3.0, "PriCheXy": 3.0}
"""Times the plain rate that are aimed at, by how names of trainings begin."""
_ROUNDED = "siamese"
"""The training in which every rounding is measured."""


@dataclass(frozen=True)
class Group:
    """Trainings that are measured one after the other, in which ways, and the seconds of a GPU that each is to take."""

    made: Callable[[Drawn, str], list[Training]]
    ways: tuple[Way, ...]
    seconds: float


MAIN = Group(trainings, (Way(), Way("bf16-mixed")), 5.0)
FURTHER = Group(further, (Way(), Way("bf16-mixed")), 3.0)


def protocol_of(small: bool) -> Protocol:
    return load_protocol("quick", ["data.size=32"]) if small else load_protocol("standard")


def every_training(bench: Bench, rates: dict[str, float], group: Group) -> None:
    """Each training beside a plain one. `rates` gets the images a second of networks in the fastest way."""
    protocol = protocol_of(bench.small)
    with drawn(protocol, 40 if bench.small else 120, protocol.data.size, bench.device) as told:
        for training in group.made(told, bench.device):
            ways = group.ways
            if bench.on_gpu and training.name.startswith(_ROUNDED):
                ways = (Way(tf32=False), Way(), Way(tf32=True), Way("bf16-mixed"))
            lasts = group.seconds / 25 if bench.small else group.seconds
            needs = 3 if bench.small else 15 + 2 * lasts * len(ways)
            bench.guarded("trainings", training.name, needs, partial(one_training, bench, training, ways, lasts, rates))


def one_training(bench: Bench, training: Training, ways: Sequence[Way], lasts: float, rates: dict[str, float]) -> None:
    fewest = 3 if bench.small else 12
    plain: list[float] = []

    def plainly() -> None:
        plain.append(training.plainly(lasts))
        bench.add("trainings", f"{training.name}: plain", plain[0], training.unit)

    bench.guarded("trainings", f"{training.name}: plain", 0, plainly)
    _forgotten(bench)
    for way in ways:
        expected = 2.5 * plain[0] if plain else 0.0
        steps = min(max(round(lasts * expected / training.a_step), fewest), 400)
        bench.guarded(
            "trainings", f"{training.name}: {way}", 0, partial(_timed, bench, training, way, steps, plain, rates)
        )


def _timed(
    bench: Bench,
    training: Training,
    way: Way,
    steps: int,
    plain: list[float],
    rates: dict[str, float],
) -> None:
    what = f"{training.name}: {way}"
    _forgotten(bench)
    with Meter() as meter, Busy(bench.on_gpu) as busy:
        timed = training.timed(bench.device, way, steps)
    times = timed.rate / plain[0] if plain else None
    aim = next((least for name, least in _LEAST.items() if training.name.startswith(name)), None)
    if aim is not None and times is not None and way.precision == "bf16-mixed":
        bench.at_least("trainings", what, timed.rate, training.unit, times, aim)
    else:
        bench.add("trainings", what, timed.rate, training.unit, times)
    rates[training.network] = max(rates.get(training.network, 0.0), timed.rate * training.images)
    memory = meter.device_memory_mib if bench.on_gpu else meter.peak_memory_mib
    bench.add("trainings", f"{what}: peak memory", (memory or 0.0) / 1024, "GiB")
    if bench.on_gpu:
        share, how = busy.share(timed.seconds, timed.validation)
        reached = share is None or share >= 0.85
        value = None if share is None else 100 * share
        status = SKIPPED if share is None else OK if reached else MISSED
        bench.add("trainings", f"{what}: busy share of the GPU", value, "%", target=">= 85 %", status=status, note=how)


def _forgotten(bench: Bench) -> None:
    if bench.on_gpu:
        torch.cuda.empty_cache()
