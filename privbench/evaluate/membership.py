"""How well the patients are told whom an anonymizer learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..metrics import bootstrap
from ..metrics.roc import auc
from ..record.estimates import Estimate
from .resampling import Resampling, estimate_of


def membership_auc(rows: pd.DataFrame, split: str, resampling: Resampling) -> Estimate | None:
    """The AUC of telling a split's patients from test patients; None where there are none. Unitless, 0.5 is chance.

    A patient's score is the mean over his images: one who was radiographed often is one member all the same.

    Args:
        rows: of one arm, one row a training of the attacker and image.
        split: whose patients are to score above the test patients.
        resampling: the draws of the patients of all splits.
    """
    of_patients = rows.groupby(["split", "patient", "seed"])["score"].mean().unstack("seed")
    if not {split, "test"} <= set(of_patients.index.get_level_values("split")):
        return None
    both = of_patients.loc[[split, "test"]]
    within = np.asarray(both.index.get_level_values("split") == split)
    patient = resampling.rows(both.index.get_level_values("patient").to_numpy())
    scores = both.to_numpy()
    by_training = bootstrap.class_aucs(np.repeat(within[:, None], scores.shape[1], axis=1), scores, patient)
    return estimate_of(
        resampling.apply(lambda weights: by_training(weights).mean(0)),
        float(min(within.sum(), (~within).sum())),
        trainings=[auc(within, one) for one in scores.T],
    )
