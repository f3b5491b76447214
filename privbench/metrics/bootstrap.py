"""The bootstrap over patients: they, and not their images, are what another study would draw anew."""

from __future__ import annotations

import numpy as np

from .roc import weighted_auc


def draw_counts(patients: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each patient is drawn in each resample. Shape: (resamples, patients), int."""
    return rng.multinomial(patients, np.full(patients, 1 / patients), size=resamples)


def pair_weights(counts: np.ndarray, probe: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """How often each pair stands in each resample.

    A mated pair stands as often as its patient was drawn, a non-mated pair as often as the product of its two
    patients' draws: every copy of the one meets every copy of the other.

    Shape: counts (B, P); probe and reference (n,), columns of counts; returns (B, n), int.
    """
    return np.where(probe == reference, counts[:, probe], counts[:, probe] * counts[:, reference])


def verification_auc(
    scores: np.ndarray,
    mated: np.ndarray,
    probe_patients: np.ndarray,
    reference_patients: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """The resampled verification AUC, averaged over the attacker's seeds, which share each resample.

    Shape: scores (seeds, n), mated (n,), the patients of the pairs' images (n,) each; returns (resamples,).
    """
    names, columns = np.unique(np.concatenate([probe_patients, reference_patients]), return_inverse=True)
    probe, reference = np.split(columns, 2)
    weights = pair_weights(draw_counts(len(names), resamples, rng), probe, reference)
    return np.mean([weighted_auc(mated, seed_scores, weights) for seed_scores in scores], axis=0)


def class_aucs(
    labels: np.ndarray, scores: np.ndarray, patients: np.ndarray, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """The resampled AUC of every class; NaN where a resample holds only one of its labels.

    Shape: labels and scores (N, classes), patients (N,); returns (resamples, classes).
    """
    names, column = np.unique(patients, return_inverse=True)
    weights = draw_counts(len(names), resamples, rng)[:, column]
    return np.stack([weighted_auc(labels[:, c], scores[:, c], weights) for c in range(labels.shape[1])], axis=1)


def means(values: np.ndarray, patients: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """The resampled mean over images. Shape: values and patients (N,); returns (resamples,)."""
    names, column = np.unique(patients, return_inverse=True)
    weights = draw_counts(len(names), resamples, rng)
    totals = np.bincount(column, values, len(names))
    return (weights @ totals) / (weights @ np.bincount(column, minlength=len(names)))


def percentile_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """The central interval that holds the given share of the resampled values."""
    tail = 50 * (1 - confidence)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
