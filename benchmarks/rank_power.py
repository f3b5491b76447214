"""How large a gap has to be for ranks to tell runs of few trainings apart: its table of docs/statistics.md.

    python benchmarks/rank_power.py [--studies 200] [--gaps 3 7 20 45 100]

One run is less private than all others, which are alike, by the gap, in units of the standard deviation between
trainings; patients vary a tenth of that. A cell is the share of studies in which a certain one of the others surely
ranks before it, at the confidence that a board of privacy and utility leaves for either.
"""

from __future__ import annotations

import argparse

import numpy as np

from privbench.judging.ranking import surely_below
from privbench.metrics import bootstrap
from privbench.record.estimates import Estimate

PATIENTS, RESAMPLES, CONFIDENCE = 300, 1000, 0.975
SPREAD = 0.001  # between trainings
ROWS = [(runs, trainings) for runs in (2, 10) for trainings in (2, 3, 5)]


def study(runs: int, trainings: int, gap: float, rng: np.random.Generator) -> bool:
    """Whether the first of so many runs surely ranks before the last."""
    counts = bootstrap.draw_counts(PATIENTS, RESAMPLES, rng)
    truths = [0.6] * (runs - 1) + [0.6 + gap * SPREAD]
    estimates = [_estimate(truth, trainings, counts, rng) for truth in truths]
    return bool(surely_below(estimates, CONFIDENCE)[0, -1])


def _estimate(truth: float, trainings: int, counts: np.ndarray, rng: np.random.Generator) -> Estimate:
    found = truth + SPREAD * rng.normal(size=trainings)
    by_patient = found.mean() + SPREAD / 10 * np.sqrt(PATIENTS) * rng.normal(size=PATIENTS)
    return Estimate(
        value=float(by_patient.mean()),
        resampled=by_patient @ counts / PATIENTS,
        jackknife=(by_patient.sum() - by_patient) / (PATIENTS - 1),
        effective=float(PATIENTS),
        training_error=float(found.std(ddof=1) / np.sqrt(trainings)),
        freedom=trainings - 1.0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--gaps", type=float, nargs="+", default=[3, 7, 20, 45, 100])
    chosen = parser.parse_args()
    print(f"| runs | trainings of each | {' | '.join(f'{gap:g}' for gap in chosen.gaps)} |")
    print("| --- " * (2 + len(chosen.gaps)) + "|")
    for runs, trainings in ROWS:
        shares = []
        for gap in chosen.gaps:
            seeds = [[number, runs, trainings] for number in range(chosen.studies)]
            seen = [study(runs, trainings, gap, np.random.default_rng(seed)) for seed in seeds]
            shares.append(f"{np.mean(seen):.0%}")
        print(f"| {runs} | {trainings} | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":
    main()
