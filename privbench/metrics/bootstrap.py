"""The bootstrap over patients: they, and not their images, are what another study would draw anew.

Every figure is a *statistic*: a function of how often each patient counts. Under ones it is the estimate, under a
resample's draws a resampled value, with one patient at zero a jackknife value. The same draws serve all figures of all
runs of a protocol, so that the differences of runs are paired.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .roc import Sample, weighted_auc

Statistic = Callable[[np.ndarray], np.ndarray]
"""From weights of patients (P, B), not negative, to values (…, B); NaN where it is not defined."""


def draw_counts(patients: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each patient is drawn in each resample. Shape: (patients, resamples), float32, whole numbers."""
    drawn = rng.integers(0, patients, (resamples, patients))
    cells = np.bincount((drawn + patients * np.arange(resamples)[:, None]).ravel(), minlength=resamples * patients)
    return np.ascontiguousarray(cells.reshape(resamples, patients).T, dtype=np.float32)


def leave_one_out(patients: int) -> np.ndarray:
    """Weights that leave out one patient each. Shape: (patients, patients), float32."""
    return 1 - np.eye(patients, dtype=np.float32)


def effective_number(counts: np.ndarray) -> float:
    """How many patients of equal size would tell as much as these (Kish 1965, section 8.2).

    One patient with most of the images tells little more than one patient. Shape: samples of each patient (P,).
    """
    return float(counts.sum() ** 2 / np.square(counts).sum())


def pair_auc(scores: np.ndarray, mated: np.ndarray, probe: np.ndarray, reference: np.ndarray) -> Statistic:
    """The verification AUC of each of the attacker's trainings, which share the patients' weights.

    A mated pair counts as often as its patient, a non-mated pair as the product of its two patients: every copy of
    the one meets every copy of the other.

    Shape: scores (seeds, n), mated (n,), patients of the pairs' images (n,) as rows of the weights; values (seeds, B).
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        met = weights[probe[~mated]] * weights[reference[~mated]]
        every = np.arange(len(met))
        return np.stack(
            [weighted_auc(Sample(one[mated], probe[mated], weights), Sample(one[~mated], every, met)) for one in scores]
        )

    return statistic


def pair_influence(scores: np.ndarray, mated: np.ndarray, probe: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """What each two different patients contribute to the AUC together, averaged over the trainings.

    A non-mated pair's influence is how far its place among the mated pairs lies from the mean (DeLong et al. 1988); the
    pairs of the same two patients go together, in the order of the patients. The same pairs give the same order.

    Shape: scores (seeds, n); mated, probe and reference (n,); returns (two different patients,).
    """
    place = np.mean([places(one[~mated], one[mated]) for one in scores], axis=0)
    influence = (place - place.mean()) / max(1, len(place))
    return np.bincount(_dyads(probe[~mated], reference[~mated]), influence)


def _dyads(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The number of each two patients, whichever comes first. Shape: (n,) each, returns (n,)."""
    return np.unique(np.sort(np.stack([one, other]), axis=0), axis=1, return_inverse=True)[1].ravel()


def places(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of the others that each score outranks, ties counting half. Shape: (n,), (m,) to (n,)."""
    ordered = np.sort(others)
    ends = [np.searchsorted(ordered, scores, side=side) for side in ("left", "right")]
    return (ends[0] + ends[1]) / (2 * len(others))


def class_aucs(labels: np.ndarray, scores: np.ndarray, patient: np.ndarray) -> Statistic:
    """The AUC of every class; NaN where only one of its labels has weight.

    Shape: labels (N, classes), bool; scores (N, classes); patient (N,), rows of the weights; values (classes, B).
    """

    def one_class(present: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return weighted_auc(*(Sample(values[side], patient[side], weights) for side in (present, ~present)))

    return lambda weights: np.stack([one_class(*columns, weights) for columns in zip(labels.T, scores.T, strict=True)])


def mean(values: np.ndarray, patient: np.ndarray) -> Statistic:
    """The mean over samples. Shape: values and patient (N,); statistic's values (B,)."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        height = len(weights)
        with np.errstate(invalid="ignore"):
            return (np.bincount(patient, values, height) @ weights) / (np.bincount(patient, minlength=height) @ weights)

    return statistic


def ratio(part: np.ndarray, whole: np.ndarray) -> Statistic:
    """The part's total over that of the whole, such as right names over all names; NaN where there is no whole.

    Shape: part and whole (P,), not negative, what each row of the weights has of both; statistic's values (B,).
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.asarray((part @ weights) / (whole @ weights))

    return statistic


def hit_worst(values: np.ndarray, patient: np.ndarray, share: float) -> Statistic:
    """The mean of the highest values, as many as make up that share of the patients; the last one counts in part.

    Under weights, a patient of weight k is k patients of the same value.

    Shape: values and patient (n,), rows of the weights; statistic's values (B,), NaN where nobody has weight.
    """
    order = np.argsort(-values, kind="stable")

    def statistic(weights: np.ndarray) -> np.ndarray:
        own = weights[patient[order]].astype(np.float64)
        room = share * own.sum(0)
        taken = np.clip(room - (np.cumsum(own, axis=0) - own), 0, own)
        with np.errstate(invalid="ignore"):
            return np.asarray(values[order] @ taken / room)

    return statistic


def rank_1(found: np.ndarray, rival: np.ndarray, patient: np.ndarray) -> Statistic:
    """The share of probes that find their patient at rank 1 in the whole gallery, of each training.

    A patient matters as the owner of probes and as a stranger in the gallery of the others. A probe counts as often
    as its patient. A probe that one single stranger keeps from its patient counts as found by one less than that
    stranger's weight: with the stranger left out it is found, with the stranger drawn once it is not, and on average
    over resamples the gallery neither shrinks nor grows. (Drawing the gallery itself anew would leave out a third of
    the strangers every time and make every rank too good.)

    Shape: found (seeds, probes), bool; rival (seeds, probes), row of the weights, or -1 where there is no single one;
    patient (probes,); values (seeds, B), 0 to 1, NaN where no probe has weight.
    """

    def statistic(weights: np.ndarray) -> np.ndarray:
        height = len(weights)
        probes = np.bincount(patient, minlength=height) @ weights
        rows = []
        for hit, one in zip(found, rival, strict=True):
            near = one >= 0
            freed = (weights[patient[near]] * (1 - weights[one[near]])).sum(0)
            with np.errstate(invalid="ignore"):
                rows.append((np.bincount(patient[hit], minlength=height) @ weights + freed) / probes)
        return np.clip(np.stack(rows), 0, 1)

    return statistic


def rival_noise(rival: np.ndarray, patient: np.ndarray) -> float:
    """The sum of squares that single probe and rival patients give the variance of the rank-1 rate.

    Shape: rival (seeds, probes), row of the weights or -1; patient (probes,).
    """
    seeds, probes = rival.shape
    kept = rival >= 0
    times = np.bincount(_dyads(np.broadcast_to(patient, rival.shape)[kept], rival[kept])) if kept.any() else np.zeros(1)
    return float(np.square(times / (seeds * probes)).sum())
