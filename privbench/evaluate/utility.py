"""What the release is still good for."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from ..errors import PrivbenchError
from ..metrics import bootstrap
from ..metrics.roc import auc
from ..protocol import Protocol
from ..results import Counts, FindingResult, UtilityResult
from ..seeds import numpy_generator
from .intervals import certain, interval_of


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
            interval=interval_of(resampled[:, c], protocol) if known[c] else None,
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
        interval=certain(interval_of(means, protocol)),
        findings=findings,
        left_out=[str(name) for name in classes[~known]],
        counts=Counts(patients=len(np.unique(patients)), images=len(labels)),
    )
