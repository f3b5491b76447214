"""How many test pairs a verification AUC needs: the width of its 95 % interval, by simulation.

python benchmarks/precision_of_pairs.py [--patients 2797] [--pairs 5000 20000] [--caps 1 10 50] [--repetitions 20]

Patients, images and places in an embedding are those of benchmarks/coverage.py, with as many test patients as the
official split of ChestX-ray14 has. `strangers` is an attack that knows nothing: its AUC is 0.5.
"""

from __future__ import annotations

import argparse

import numpy as np
from coverage import CAP, RESAMPLES, draw_patients, embed

from privbench.data.pairs import draw_pairs
from privbench.evaluate.resampling import Resampling, estimate_of
from privbench.metrics import bootstrap
from privbench.protocols.schema import StatisticsSection

NOISE = {"an attack that links some": 1.0, "strangers": np.inf}


def widths(patients: int, pairs: int, cap: int, noise: float, number: int) -> tuple[float, float, int, float]:
    """The AUC of one study, its interval's width, the pairs that could be drawn, and the effective patients."""
    rng = np.random.default_rng([3, number])
    patient = draw_patients(patients, rng)
    chosen = draw_pairs(patient, pairs, cap, rng, "test")
    places = rng.normal(size=(len(patient), 6)) if np.isinf(noise) else embed(patient, noise, rng)
    scores = -np.square(places[chosen.probe] - places[chosen.reference]).sum(1)[None]
    probe, reference = patient[chosen.probe], patient[chosen.reference]
    effective = bootstrap.effective_number(np.bincount(probe[chosen.mated]))
    statistic = bootstrap.pair_auc(scores, chosen.mated, probe, reference)
    resampling = Resampling(np.arange(patients), bootstrap.draw_counts(patients, RESAMPLES, rng))
    estimate = estimate_of(
        resampling.apply(lambda weights: statistic(weights).mean(0)),
        effective,
        between=bootstrap.pair_influence(scores, chosen.mated, probe, reference),
    )
    interval = estimate.interval(StatisticsSection())
    assert interval is not None, "there are thousands of patients"
    return float(statistic(np.ones((patients, 1))).mean()), interval.high - interval.low, len(chosen), effective


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=2797)
    parser.add_argument("--pairs", type=int, nargs="+", default=[5000, 20000])
    parser.add_argument("--caps", type=int, nargs="+", default=[1, CAP, 50])
    parser.add_argument("--repetitions", type=int, default=20)
    told = parser.parse_args()
    print("| attack | pairs asked for | cap | pairs | effective patients | AUC | width of the interval |")
    print("| --- " * 7 + "|")
    for name, noise in NOISE.items():
        for pairs in told.pairs:
            for cap in told.caps:
                found = [widths(told.patients, pairs, cap, noise, number) for number in range(told.repetitions)]
                auc, width, drawn, effective = np.mean(found, 0)
                print(
                    f"| {name} | {pairs} | {cap} | {drawn:.0f} | {effective:.0f} | {auc:.3f} | {width:.4f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
