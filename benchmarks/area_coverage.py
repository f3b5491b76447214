"""How often the interval of the area under the trade-off holds the truth: its table of docs/statistics.md.

    python benchmarks/area_coverage.py [--repetitions 2000] [--patients 100 300] [--methods METHOD …]

Every figure is a mean over patients around a known truth: `identity` has a verification AUC of 0.95 and a mean AUC of
findings of 0.80, and each method has the settings of its row. Part of what a patient adds is the same in every figure
of a kind, the rest is its own; the mean over trainings has a deviation of its own, too. Who changes one patient of a
hundred takes the margin of these patients away, leaves all others as `identity` has them, and so mostly changes nobody.
Beside the interval that privbench tells stand the percentiles of the area's own
resamples; `above 0` is the share of intervals that begin there.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from privbench.judging.areas import area_between, share_left
from privbench.metrics import bootstrap, intervals
from privbench.metrics.hypervolume import area_below
from privbench.record.estimates import Estimate

RESAMPLES, CONFIDENCE = 1000, 0.95
SHARED, OWN = 0.2, 0.08  # standard deviations between patients
IDENTITY = (0.95, 0.80)
BETWEEN = 0.01  # standard deviation between trainings
CHANGED = 0.01  # share of patients


class Method(NamedTuple):
    """The true figures of a method's settings, and how many trainings each figure has, that of `identity`, too."""

    settings: tuple[tuple[float, float], ...]
    trainings: int = 1
    few: bool = False
    """Whether it changes CHANGED of the patients, and no other."""


_STRONG = ((0.70, 0.79), (0.60, 0.76), (0.53, 0.70))
_RARE = tuple(one - CHANGED * (one - 0.5) for one in IDENTITY)
METHODS = {
    "does nothing, 1 setting": Method((IDENTITY,)),
    "does nothing, 5 settings": Method((IDENTITY,) * 5),
    "leaves nothing, 3 settings": Method(((0.5, 0.5),) * 3),
    "weak, 3 settings": Method(((0.94, 0.79), (0.90, 0.76), (0.80, 0.62))),
    "strong, 3 settings": Method(_STRONG),
    "strong, 1 setting": Method(((0.60, 0.76),)),
    "5 settings of one effect": Method(((0.75, 0.70),) * 5),
    "does nothing, 5 settings, 3 trainings": Method((IDENTITY,) * 5, trainings=3),
    "strong, 3 settings, 3 trainings": Method(_STRONG, trainings=3),
    "changes one patient of 100, 3 settings": Method((_RARE,) * 3, few=True),
}


class Found(NamedTuple):
    """What a simulated study says of a method: its area, and the ends of both intervals."""

    area: float
    told: tuple[float, float]
    percentile: tuple[float, float]


def true_area(method: Method) -> float:
    """The area of the settings' true figures."""
    left = (np.array(method.settings) - 0.5) / (np.array(IDENTITY) - 0.5)
    return float(area_below(1 - left[:, 0], left[:, 1]))


def study(method: Method, patients: int, rng: np.random.Generator) -> Found:
    """A study of so many patients."""
    counts = bootstrap.draw_counts(patients, RESAMPLES, rng)
    kinds = []
    for truths in zip(IDENTITY, *method.settings, strict=True):
        shared = SHARED * rng.normal(size=patients)
        if method.few:
            changed = [0.0, *(rng.random(patients) < CHANGED for _ in method.settings)]
            figures = [truths[0] + shared - one * (truths[0] - 0.5) for one in changed]
        else:
            figures = [truth + shared + OWN * rng.normal(size=patients) for truth in truths]
        kinds.append([_estimate(one, counts, method.trainings, rng) for one in figures])
    shares = [[share_left(one, whole) for one in others] for whole, *others in kinds]
    attacked, useful = shares
    told = area_between(attacked, useful, CONFIDENCE)
    number = len(attacked)
    drawn = [
        np.stack([one.joined(first + place) for place, one in enumerate(kind)])
        for first, kind in zip((0, number), shares, strict=True)
    ]
    values = [np.array([one.value for one in kind]) for kind in shares]
    return Found(
        float(area_below(1 - values[0], values[1])),
        told or (0.0, 1.0),
        intervals.percentile(area_below(1 - drawn[0], drawn[1]), CONFIDENCE, patients),
    )


def _estimate(by_patient: np.ndarray, counts: np.ndarray, trainings: int, rng: np.random.Generator) -> Estimate:
    number, told = len(by_patient), {}
    if trainings > 1:
        found = BETWEEN * rng.normal(size=trainings)
        by_patient = by_patient + found.mean()
        told = {"training_error": float(found.std(ddof=1) / np.sqrt(trainings)), "freedom": trainings - 1.0}
    return Estimate(
        value=float(by_patient.mean()),
        resampled=by_patient @ counts / number,
        jackknife=(by_patient.sum() - by_patient) / (number - 1),
        effective=float(number),
        **told,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--patients", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    chosen = parser.parse_args()
    print("| method | patients | truth | mean area | holds it | above 0 | percentiles hold it | above 0 |")
    print("| --- " * 8 + "|")
    for name in chosen.methods:
        method = METHODS[name]
        truth = true_area(method)
        for patients in chosen.patients:
            found = [
                study(method, patients, np.random.default_rng([number, patients]))
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
