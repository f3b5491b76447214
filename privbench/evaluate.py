"""From score files to the figures of a run: nothing here trains, so a figure can always be recomputed."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from .errors import PrivbenchError
from .metrics import bootstrap
from .metrics.roc import auc
from .protocol import Protocol
from .results import AttackResult, Counts, FindingResult, Interval, UtilityResult
from .seeds import numpy_generator

METHOD = "percentile bootstrap over test patients, trained networks held fixed"


def attack_result(scores: pd.DataFrame, protocol: Protocol, version: str) -> AttackResult:
    """The verification AUC, mean over the seeds, with the interval over patients and the spread over seeds."""
    seeds = [part for _, part in scores.groupby("seed", sort=True)]
    first = seeds[0]
    mated = first["mated"].to_numpy(bool)
    probe_patients = first["probe_patient"].to_numpy()
    reference_patients = first["reference_patient"].to_numpy()
    per_seed = np.stack([part["score"].to_numpy() for part in seeds])
    aucs = [auc(mated, seed_scores) for seed_scores in per_seed]
    resampled = bootstrap.verification_auc(
        per_seed,
        mated,
        probe_patients,
        reference_patients,
        protocol.statistics.resamples,
        numpy_generator(protocol.seed, "attack resamples"),
    )
    return AttackResult(
        name=protocol.attack.name,
        version=version,
        train=protocol.attack.train,
        test=protocol.attack.test,
        verification_auc=float(np.mean(aucs)),
        interval=_certain(_interval(resampled, protocol)),
        seed_std=float(np.std(aucs, ddof=1)) if len(aucs) > 1 else None,
        seed_aucs=aucs,
        counts=Counts(
            patients=len(set(probe_patients) | set(reference_patients)),
            images=len(set(first["probe"]) | set(first["reference"])),
            pairs=len(first),
            mated=int(mated.sum()),
        ),
    )


def utility_result(scores: pd.DataFrame, protocol: Protocol, version: str) -> UtilityResult:
    """The mean of the class-wise AUCs, and each of them, with intervals over patients.

    Classes without both labels among the test images are left out of the mean, and named. A resample in which a
    further class lost one of its labels averages over the others.
    """
    classes = scores["class"].unique()
    labels = scores["label"].to_numpy(bool).reshape(-1, len(classes))
    values = scores["score"].to_numpy().reshape(-1, len(classes))
    patients = scores["patient"].to_numpy()[:: len(classes)]
    aucs = np.array([auc(labels[:, c], values[:, c]) for c in range(len(classes))])
    known = ~np.isnan(aucs)
    if not known.any():
        raise PrivbenchError(
            "No finding is both present and absent among the test images, so utility cannot be judged: "
            "use a test split with ill and healthy patients."
        )
    resampled = bootstrap.class_aucs(
        labels,
        values,
        patients,
        protocol.statistics.resamples,
        numpy_generator(protocol.seed, "utility resamples"),
    )
    findings = [
        FindingResult(
            name=str(name),
            auc=float(aucs[c]) if known[c] else None,
            interval=_interval(resampled[:, c], protocol) if known[c] else None,
            positives=int(labels[:, c].sum()),
            negatives=int((~labels[:, c]).sum()),
        )
        for c, name in enumerate(classes)
    ]
    with warnings.catch_warnings():
        # A resample of very few patients may hold no usable class at all; the interval leaves it out.
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        means = np.nanmean(resampled[:, known], axis=1)
    return UtilityResult(
        name=protocol.utility.name,
        version=version,
        mean_auc=float(aucs[known].mean()),
        interval=_certain(_interval(means, protocol)),
        findings=findings,
        left_out=[str(name) for name in classes[~known]],
        counts=Counts(patients=len(np.unique(patients)), images=len(labels)),
    )


def _interval(values: np.ndarray, protocol: Protocol) -> Interval | None:
    """The interval of the resampled values that are defined; None where none is."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    confidence = protocol.statistics.confidence
    low, high = bootstrap.percentile_interval(defined, confidence)
    return Interval(low=low, high=high, confidence=confidence, method=METHOD, resamples=len(defined))


def _certain(interval: Interval | None) -> Interval:
    if interval is None:
        raise PrivbenchError("No resample of the test patients holds both labels: the test split needs more patients.")
    return interval
