"""What the release is still good for."""

from __future__ import annotations

from operator import itemgetter

import numpy as np
import pandas as pd

from ..errors import PrivbenchError
from ..estimates import Estimate
from ..metrics import bootstrap
from ..protocol import Protocol
from ..results import Counts, FindingResult, UtilityResult
from .resampling import Resampling, certain, estimate_of, image_wise_interval


def utility_result(
    scores: pd.DataFrame, protocol: Protocol, version: str, resampling: Resampling
) -> tuple[UtilityResult, dict[str, Estimate]]:
    """The mean of the class-wise AUCs, and each of them, with intervals over patients, and the estimates behind them.

    Classes without both labels among the test images are left out of the mean, and named. In a resample in which a
    further class lost one of its labels its own AUC stands for it, so that the mean goes over the same classes.
    """
    task = protocol.utility.name
    classes = scores["class"].unique()
    labels = scores["label"].to_numpy(bool).reshape(-1, len(classes))
    values = scores["score"].to_numpy().reshape(-1, len(classes))
    patient = resampling.rows(scores["patient"].to_numpy()[:: len(classes)])
    known = labels.any(0) & ~labels.all(0)
    if not known.any():
        raise PrivbenchError(
            "No finding is both present and absent among the test images, so utility cannot be judged: "
            "use a test split with ill and healthy patients."
        )
    # The rarer label decides how much is known of a finding.
    rarer = np.where(labels.mean(0) <= 0.5, labels, ~labels)
    aucs = resampling.apply(bootstrap.class_aucs(labels[:, known], values[:, known], patient))
    of_class = {
        str(classes[column]): estimate_of(
            aucs.map(itemgetter(row)), bootstrap.effective_number(np.bincount(patient, rarer[:, column]))
        )
        for row, column in enumerate(np.flatnonzero(known))
    }
    mean = estimate_of(aucs.filled().map(lambda part: part.mean(0)), bootstrap.effective_number(np.bincount(patient)))
    result = UtilityResult(
        name=task,
        version=version,
        mean_auc=mean.value,
        interval=certain(mean.interval(protocol.statistics)),
        image_wise_interval=image_wise_interval(labels[:, known], values[:, known], protocol),
        findings=[
            FindingResult(
                name=str(name),
                auc=of_class[name].value if name in of_class else None,
                interval=of_class[name].interval(protocol.statistics) if name in of_class else None,
                positives=int(labels[:, c].sum()),
                negatives=int((~labels[:, c]).sum()),
            )
            for c, name in enumerate(classes)
        ],
        left_out=[str(name) for name in classes[~known]],
        counts=Counts(patients=len(np.unique(patient)), images=len(labels), effective_patients=mean.effective),
    )
    by_class = {f"utility/{task}/AUC of {name}": estimate for name, estimate in of_class.items()}
    return result, {f"utility/{task}/mean AUC": mean} | by_class
