"""How often the intervals hold the truth, by simulation: the table of docs/statistics.md.

python benchmarks/coverage.py [--repetitions 2000] [--patients 100 300] [--only pairs rank-1 classes …]

Patients and their images are drawn as in a small ChestX-ray14: half of the patients have one image, most others 2 to
14, four of 264 have 41 to 66. Every patient has his own place in an embedding, his own noise and his own findings, so
that his images resemble one another. The truth is known: the mean over 3,000 other studies of the same size (for
the classes, the AUC of 200,000 patients).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from privbench.data.pairs import draw_pairs
from privbench.evaluate.resampling import Resampling, estimate_of
from privbench.metrics import bootstrap, intervals
from privbench.metrics.bootstrap import Statistic
from privbench.protocols.schema import StatisticsSection
from privbench.record.estimates import Estimate

RESAMPLES, PAIRS, CAP, CLASSES, TRAININGS = 1000, 2000, 10, 14, 5
WAYS = ("percentile", "BCa", "plain bootstrap", "image-wise")


@dataclass(frozen=True)
class Part:
    """A figure of one simulated study, and what its estimate needs."""

    statistic: Statistic
    effective: float
    between: np.ndarray | None = None
    counted_twice: float = 0.0
    trainings: tuple[float, ...] = ()

    def estimate(self, resampling: Resampling) -> Estimate:
        return estimate_of(
            resampling.apply(self.statistic),
            self.effective,
            between=self.between,
            counted_twice=self.counted_twice,
            trainings=self.trainings,
        )


@dataclass(frozen=True)
class Study:
    """One figure, or two whose difference is meant, and the same of images that are taken for patients."""

    parts: tuple[Part, ...]
    image_wise: Statistic
    images: int

    def estimate(self, resampling: Resampling) -> Estimate:
        found = [part.estimate(resampling) for part in self.parts]
        return found[0] if len(found) == 1 else found[1].minus(found[0])

    def value(self, count: int) -> float:
        values = [float(part.statistic(np.ones((count, 1)))[0]) for part in self.parts]
        return values[0] if len(values) == 1 else values[1] - values[0]


def draw_patients(count: int, rng: np.random.Generator) -> np.ndarray:
    """The patient of each image. Shape: (N,)."""
    usual = np.where(rng.random(count) < 0.48, 1, np.clip(1 + rng.geometric(0.25, count), 2, 14))
    heavy = rng.random(count) < 4 / 264
    return np.repeat(np.arange(count), np.where(heavy, rng.integers(41, 67, count), usual))


def embed(patient: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Places of the images around their patients', some of whom scatter more. Shape: (N, 6)."""
    centre = rng.normal(size=(patient.max() + 1, 6))
    scatter = noise * np.exp(0.3 * rng.normal(size=len(centre)))
    return centre[patient] + scatter[patient, None] * rng.normal(size=(len(patient), 6))


def pairs(count: int, rng: np.random.Generator) -> Study:
    return _pairs(count, rng, [[1.0]])


def trainings(count: int, rng: np.random.Generator) -> Study:
    """An attack whose trainings came out differently well."""
    return _pairs(count, rng, [np.exp(0.15 * rng.normal(size=TRAININGS))])


def differences(count: int, rng: np.random.Generator) -> Study:
    """Two releases of the same images, one of which leaves less to recognise; each is seen by a network of its own."""
    return _pairs(count, rng, [[1.0], [1.1]])


def _pairs(count: int, rng: np.random.Generator, releases: Sequence[Sequence[float]]) -> Study:
    patient = draw_patients(count, rng)
    chosen = draw_pairs(patient, PAIRS, CAP, rng, "test")
    mated, probe, reference = chosen.mated, patient[chosen.probe], patient[chosen.reference]
    seed = int(rng.integers(2**32))  # the same patients and images for all
    parts, image_wise = [], []
    for noises in releases:
        scores = []
        for noise in noises:
            places = embed(patient, noise, np.random.default_rng(seed))
            if len(releases) > 1:
                places = places + 0.25 * rng.normal(size=places.shape)
            scores.append(-np.square(places[chosen.probe] - places[chosen.reference]).sum(1))
        values = np.stack(scores)
        by_training = bootstrap.pair_auc(values, mated, probe, reference)
        own = [float(value) for value in by_training(np.ones((count, 1)))[:, 0]]
        parts.append(
            Part(
                lambda weights, by_training=by_training: by_training(weights).mean(0),
                bootstrap.effective_number(np.bincount(probe[mated])),
                between=bootstrap.pair_influence(values, mated, probe, reference),
                trainings=tuple(own) if len(own) > 1 else (),
            )
        )
        labels = np.repeat(mated[:, None], len(values), 1)
        image_wise.append(bootstrap.class_aucs(labels, values.T, np.arange(len(mated))))

    def of_images(weights: np.ndarray) -> np.ndarray:
        means = [one(weights).mean(0) for one in image_wise]
        return means[0] if len(means) == 1 else means[1] - means[0]

    return Study(tuple(parts), of_images, len(mated))


def rank_1(count: int, rng: np.random.Generator) -> Study:
    patient = draw_patients(count, rng)
    found, rival, owner = rank(embed(patient, 0.5, rng), patient)
    statistic = bootstrap.rank_1(found[None], rival[None], owner)
    part = Part(
        lambda weights: statistic(weights)[0],
        bootstrap.effective_number(np.bincount(owner)),
        counted_twice=bootstrap.rival_noise(rival[None], owner),
    )
    return Study((part,), bootstrap.mean(found.astype(float), np.arange(len(found))), len(found))


def rank(places: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every image with a mate: is a mate nearest, which single patient stands before the mates (-1), the owner."""
    square = np.square(places).sum(1)
    distance = square[:, None] + square - 2 * places @ places.T
    np.fill_diagonal(distance, np.inf)
    same = patient[:, None] == patient
    mate = np.where(same, distance, np.inf).min(1)
    strangers = np.where(same, np.inf, distance)
    nearest = patient[strangers.argmin(1)]
    others = np.where(patient == nearest[:, None], np.inf, strangers).min(1)
    found = strangers.min(1) >= mate
    rival = np.where(~found & (others >= mate), nearest, -1)
    kept = np.isfinite(mate)
    return found[kept], rival[kept], patient[kept]


def classes(count: int, rng: np.random.Generator) -> Study:
    patient = draw_patients(count, rng)
    labels, scores = diagnose(patient, rng)
    known = labels.any(0)
    labels, scores = labels[:, known], scores[:, known]

    def mean_of(statistic: Statistic, units: int) -> Statistic:
        """The mean over the classes; one that a resample lost has its own AUC there."""
        own = statistic(np.ones((units, 1)))
        return lambda weights: np.where(np.isnan(drawn := statistic(weights)), own, drawn).mean(0)

    of_patients = mean_of(bootstrap.class_aucs(labels, scores, patient), count)
    of_images = mean_of(bootstrap.class_aucs(labels, scores, np.arange(len(patient))), len(patient))
    part = Part(of_patients, bootstrap.effective_number(np.bincount(patient)))
    return Study((part,), of_images, len(patient))


def diagnose(patient: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Findings of 2 to 20 % of the images that stay with their patients, and a classifier's scores. Shape: (N, 14)."""
    patients, shape = patient.max() + 1, (len(patient), CLASSES)
    threshold = stats.norm.isf(np.geomspace(0.02, 0.2, CLASSES))
    ill = np.sqrt(0.6) * rng.normal(size=(patients, CLASSES))[patient] + np.sqrt(0.4) * rng.normal(size=shape)
    labels = ill > threshold
    own = 0.8 * rng.normal(size=(patients, CLASSES))[patient]
    return labels, 1.2 * labels + own + 0.6 * rng.normal(size=shape)


TASKS: dict[str, Callable[[int, np.random.Generator], Study]] = {
    "pairs": pairs,
    "rank-1": rank_1,
    "classes": classes,
    "trainings": trainings,
    "differences": differences,
}
NAMES = {
    "pairs": "AUC of pairs",
    "rank-1": "rank-1 rate",
    "classes": "mean AUC of 14 classes",
    "trainings": f"AUC of pairs, {TRAININGS} trainings",
    "differences": "difference of two AUCs of pairs",
}


def truth_of(task: str, count: int) -> float:
    if task == "classes":
        rng = np.random.default_rng(1)
        labels, scores = diagnose(draw_patients(200_000, rng), rng)
        of_images = bootstrap.class_aucs(labels, scores, np.zeros(len(labels), np.int64))
        return float(of_images(np.ones((1, 1))).mean())
    others = (TASKS[task](count, np.random.default_rng([1, number])) for number in range(3000))
    return float(np.mean([study.value(count) for study in others]))


def repeat(task: str, count: int, number: int) -> tuple[dict[str, tuple[float, float]], float]:
    """The intervals of one study by the way that they are made, and the effective number of patients."""
    rng = np.random.default_rng([0, number])
    study = TASKS[task](count, rng)
    estimate = study.estimate(Resampling(np.arange(count), bootstrap.draw_counts(count, RESAMPLES, rng)))
    found = {
        "percentile": _ends(estimate, "percentile"),
        "BCa": _ends(estimate, "bca"),
        "plain bootstrap": intervals.percentile(estimate.resampled[~np.isnan(estimate.resampled)], 0.95),
    }
    drawn = study.image_wise(bootstrap.draw_counts(study.images, RESAMPLES, rng))
    found["image-wise"] = intervals.percentile(drawn[~np.isnan(drawn)], 0.95)
    return found, estimate.effective


def _ends(estimate: Estimate, kind: str) -> tuple[float, float]:
    interval = estimate.interval(StatisticsSection.model_validate({"interval": kind}))
    return (interval.low, interval.high) if interval else estimate.bounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--patients", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--only", nargs="+", choices=list(TASKS), default=list(TASKS))
    chosen = parser.parse_args()
    print(f"| figure | patients (effectively) | truth | {' | '.join(WAYS)} |")
    print("| --- " * (3 + len(WAYS)) + "|")
    for task in chosen.only:
        for count in chosen.patients:
            truth = truth_of(task, count)
            held, width, effective = dict.fromkeys(WAYS, 0), dict.fromkeys(WAYS, 0.0), 0.0
            for number in range(chosen.repetitions):
                found, own = repeat(task, count, number)
                effective += own / chosen.repetitions
                for way, (low, high) in found.items():
                    held[way] += low <= truth <= high
                    width[way] += (high - low) / chosen.repetitions
            cells = [f"{held[way] / chosen.repetitions:.1%} ({width[way]:.3f})" for way in WAYS]
            print(f"| {NAMES[task]} | {count} ({effective:.0f}) | {truth:.3f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
