"""How often the interval of the area under the trade-off holds the truth: its table of docs/statistics.md.

    python benchmarks/area_coverage.py [--repetitions 2000] [--patients 100 300]

Every figure is a mean over patients around a known truth: `identity` has a verification AUC of 0.95 and a mean AUC of
findings of 0.80, and each method has the settings of its row. Part of what a patient adds is the same in every figure
of a kind, the rest is its own. Beside the interval that privbench tells stand the percentiles of the area's own
resamples; `above 0` is the share of intervals that begin there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from privbench.judging.areas import area_between, share_left
from privbench.metrics import bootstrap, intervals
from privbench.metrics.hypervolume import area_below
from privbench.record.estimates import Estimate

RESAMPLES, CONFIDENCE = 1000, 0.95
SHARED, OWN = 0.2, 0.08  # standard deviations between patients
IDENTITY = (0.95, 0.80)
METHODS: dict[str, tuple[tuple[float, float], ...]] = {
    "does nothing, 1 setting": (IDENTITY,),
    "does nothing, 5 settings": (IDENTITY,) * 5,
    "leaves nothing, 3 settings": ((0.5, 0.5),) * 3,
    "weak, 3 settings": ((0.94, 0.79), (0.90, 0.76), (0.80, 0.62)),
    "strong, 3 settings": ((0.70, 0.79), (0.60, 0.76), (0.53, 0.70)),
    "strong, 1 setting": ((0.60, 0.76),),
    "5 settings of one effect": ((0.75, 0.70),) * 5,
}


class Found(NamedTuple):
    """What a simulated study says of a method: its area, and the ends of both intervals."""

    area: float
    told: tuple[float, float]
    percentile: tuple[float, float]


def true_area(settings: Sequence[tuple[float, float]]) -> float:
    """The area of the settings' true figures."""
    left = (np.array(settings) - 0.5) / (np.array(IDENTITY) - 0.5)
    return float(area_below(1 - left[:, 0], left[:, 1]))


def study(settings: Sequence[tuple[float, float]], patients: int, rng: np.random.Generator) -> Found:
    """A study of so many patients."""
    counts = bootstrap.draw_counts(patients, RESAMPLES, rng)
    kinds = []
    for truths in zip(IDENTITY, *settings, strict=True):
        shared = SHARED * rng.normal(size=patients)
        figures = [truth + shared + OWN * rng.normal(size=patients) for truth in truths]
        kinds.append([_estimate(one, counts) for one in figures])
    shares = [[share_left(one, whole) for one in others] for whole, *others in kinds]
    attacked, useful = shares
    told = area_between(attacked, useful, CONFIDENCE)
    drawn = [np.stack([one.drawn for one in kind]) for kind in shares]
    values = [np.array([one.value for one in kind]) for kind in shares]
    return Found(
        float(area_below(1 - values[0], values[1])),
        told or (0.0, 1.0),
        intervals.percentile(area_below(1 - drawn[0], drawn[1]), CONFIDENCE, patients),
    )


def _estimate(by_patient: np.ndarray, counts: np.ndarray) -> Estimate:
    number = len(by_patient)
    return Estimate(
        value=float(by_patient.mean()),
        resampled=by_patient @ counts / number,
        jackknife=(by_patient.sum() - by_patient) / (number - 1),
        effective=float(number),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--patients", type=int, nargs="+", default=[100, 300])
    chosen = parser.parse_args()
    print("| method | patients | truth | mean area | holds it | above 0 | percentiles hold it | above 0 |")
    print("| --- " * 8 + "|")
    for name, settings in METHODS.items():
        truth = true_area(settings)
        for patients in chosen.patients:
            found = [
                study(settings, patients, np.random.default_rng([number, patients]))
                for number in range(chosen.repetitions)
            ]
            cells = []
            for kind in ("told", "percentile"):
                low, high = np.array([getattr(one, kind) for one in found]).T
                held = (low <= truth + 1e-12) & (truth <= high + 1e-12)
                cells += [f"{held.mean():.1%} ({(high - low).mean():.3f})", f"{(low > 0).mean():.1%}"]
            mean = np.mean([one.area for one in found])
            print(f"| {name} | {patients} | {truth:.3f} | {mean:.3f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
