"""How often the gate cries wolf, and how often it sees a real change, by simulation: the table of docs/statistics.md.

python benchmarks/gate_power.py [--repetitions 500] [--patients 300] [--trainings 1:0 1:0.02 5:0.02]

Two releases of the same images are attacked by attacks that were trained anew, so that each of their trainings came out
a little differently; the change makes the images of a patient scatter less around his own place. Patients and pairs are
those of benchmarks/coverage.py. Utility does not change; all three figures are judged, as `privbench check` does.
"""

from __future__ import annotations

import argparse

import numpy as np
from coverage import PAIRS, diagnose, draw_patients, rank
from scipy.optimize import brentq

from privbench.data.pairs import draw_pairs
from privbench.evaluate.resampling import Resampling, estimate_of
from privbench.judging.gate import Pair, Tolerances, judge_changes
from privbench.metrics import bootstrap
from privbench.protocols.schema import StatisticsSection
from privbench.record import names
from privbench.record.estimates import Estimate

CAP, RESAMPLES, OWN_NOISE = 10, 1000, 0.35
AUC, RANK = names.worst_case(names.AUC), names.worst_case(names.RANK_1)
UTILITY = names.FigureName(names.Subject.UTILITY, "classification (frozen)", names.MEAN_AUC)


def figures(
    scatter: float, trainings: int, spread: float, seed: list[int], which: int, count: int
) -> dict[names.FigureName, Estimate]:
    """The estimates of one release. The seed draws patients, images and pairs; `which` what is this release's own."""
    rng, own = np.random.default_rng(seed), np.random.default_rng([*seed, which])
    patient = draw_patients(count, rng)
    pairs = draw_pairs(patient, PAIRS, CAP, rng, "test")
    centre, offset = rng.normal(size=(count, 6)), rng.normal(size=(len(patient), 6))
    wide = np.exp(0.3 * rng.normal(size=count))[patient, None]
    scores, found, rival = [], [], []
    for _ in range(trainings):
        noise = scatter * np.exp(spread * own.normal())
        shaken = offset + OWN_NOISE * own.normal(size=offset.shape)  # what this training makes of an image
        places = centre[patient] + noise * wide * shaken
        scores.append(-np.square(places[pairs.probe] - places[pairs.reference]).sum(1))
        hit, stranger, owner = rank(places, patient)
        found.append(hit)
        rival.append(stranger)
    labels, read = diagnose(patient, rng)
    read = read + 0.1 * own.normal(size=read.shape)
    resampling = Resampling(
        np.arange(count), bootstrap.draw_counts(count, RESAMPLES, np.random.default_rng([*seed, 9]))
    )
    values, mated = np.stack(scores), pairs.mated
    auc = bootstrap.pair_auc(values, mated, patient[pairs.probe], patient[pairs.reference])
    rank_1 = bootstrap.rank_1(np.stack(found), np.stack(rival), owner)
    ones = np.ones((count, 1))
    return {
        AUC: estimate_of(
            resampling.apply(lambda weights: auc(weights).mean(0)),
            bootstrap.effective_number(np.bincount(patient[pairs.probe[mated]])),
            between=bootstrap.pair_influence(values, mated, patient[pairs.probe], patient[pairs.reference]),
            trainings=auc(ones)[:, 0],
        ),
        RANK: estimate_of(
            resampling.apply(lambda weights: rank_1(weights).mean(0)),
            bootstrap.effective_number(np.bincount(owner)),
            counted_twice=bootstrap.rival_noise(np.stack(rival), owner),
            trainings=rank_1(ones)[:, 0],
        ),
        UTILITY: estimate_of(
            resampling.apply(bootstrap.class_aucs(labels, read, patient)).filled().map(lambda part: part.mean(0)),
            bootstrap.effective_number(np.bincount(patient)),
        ),
    }


def mean_auc(scatter: float, count: int) -> float:
    """The AUC of the release of that scatter, over sixty studies."""
    return float(np.mean([figures(scatter, 1, 0.0, [2, n], 0, count)[AUC].value for n in range(60)]))


def _row(text: str) -> tuple[int, float]:
    number, spread = text.split(":")
    return int(number), float(spread)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--change", type=float, default=0.05)
    parser.add_argument("--tolerance", type=float, default=Tolerances().privacy)
    parser.add_argument("--trainings", type=_row, nargs="+", default=[(1, 0.0), (1, 0.02), (5, 0.02)])
    chosen = parser.parse_args()
    start = 1.0
    before = mean_auc(start, chosen.patients)
    scatter = float(brentq(lambda x: mean_auc(x, chosen.patients) - before - chosen.change, 0.5, start, xtol=1e-3))
    print(f"AUC before {before:.3f}, after {mean_auc(scatter, chosen.patients):.3f}, tolerance {chosen.tolerance}\n")
    print("| trainings | their spread (AUC) | false alarms without a change | changes seen |")
    print("| --- | --- | --- | --- |")
    for trainings, spread in chosen.trainings:
        alarms = {}
        for name, after in (("none", start), ("changed", scatter)):
            seen = 0
            for number in range(chosen.repetitions):
                seed = [0, number]
                one, other = (
                    figures(width, trainings, spread, seed, which, chosen.patients)
                    for which, width in enumerate((start, after))
                )
                pairs = [Pair("run", key, one[key], other[key]) for key in one]
                changes, _ = judge_changes(pairs, StatisticsSection(), Tolerances(privacy=chosen.tolerance))
                told = [change.figure for change in changes if change.verdict == "regression"]
                seen += bool(told) if name == "none" else AUC in told
            alarms[name] = seen / chosen.repetitions
        of_trainings = [figures(start, 1, spread, [3, 0], which, chosen.patients)[AUC].value for which in range(40)]
        cells = (trainings, f"{np.std(of_trainings):.3f}", f"{alarms['none']:.1%}", f"{alarms['changed']:.1%}")
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
