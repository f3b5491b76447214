"""How well attributes are read off single images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..metrics import bootstrap
from ..metrics.roc import auc
from ..protocols.kinds import CONTROL
from ..protocols.schema import Protocol
from ..record.attack import InferenceResult
from ..record.estimates import Estimate
from ..record.values import Counts
from .resampling import Resampling, estimate_of


def inference_results(
    scores: pd.DataFrame, protocol: Protocol, version: str, resampling: Resampling
) -> list[InferenceResult]:
    """One result a scenario and attribute, from the inference scores of one attack.

    A text attribute of two values is judged by its AUC, a number by its mean absolute error; an attribute that the
    test images hold with one value only, or with more than two, is left out, and so is one that was not read off
    originals.
    """
    control = scores[scores["scenario"] == CONTROL]
    results = []
    readings = scores[scores["scenario"] != CONTROL].groupby(["scenario", "attribute"], sort=False)
    for (scenario, attribute), rows in readings:
        reading = _reading(rows, resampling)
        originals = control[control["attribute"] == attribute]
        original = _reading(originals, resampling) if len(originals) else None
        if reading is None or original is None:
            continue
        metric, estimate, base_rate = reading
        interval = estimate.interval(protocol.statistics)
        if interval is None:
            continue
        results.append(
            InferenceResult(
                name=rows["attack"].iloc[0],
                version=version,
                scenario=scenario,
                attribute=attribute,
                metric=metric,
                value=estimate.value,
                interval=interval,
                original=original[1].value,
                base_rate=base_rate,
                counts=Counts(
                    patients=rows["patient"].nunique(),
                    images=rows["image"].nunique(),
                    effective_patients=estimate.effective,
                ),
            )
        )
    return results


def _reading(rows: pd.DataFrame, resampling: Resampling) -> tuple[str, Estimate, float] | None:
    """Metric, its estimate (the mean over the trainings), and what a guess reaches."""
    seeds = [part for _, part in rows.groupby("seed")]
    truth, patient = seeds[0]["truth"], resampling.rows(seeds[0]["patient"].to_numpy())
    guesses = np.stack([part["score"].to_numpy() for part in seeds], axis=1)
    effective = bootstrap.effective_number(np.bincount(patient))
    numbers = pd.to_numeric(truth, errors="coerce")
    if numbers.notna().all():
        known = numbers.to_numpy(float)
        errors = np.abs(guesses - known[:, None])
        estimate = estimate_of(
            resampling.apply(bootstrap.mean(errors.mean(1), patient)),
            effective,
            trainings=errors.mean(0).tolist(),
            upper=np.inf,
        )
        return "mae", estimate, float(np.abs(known - np.median(known)).mean())
    values = sorted(truth.unique())
    if len(values) != 2:
        return None
    second = (truth == values[1]).to_numpy()
    rarer = second if second.mean() <= 0.5 else ~second
    by_training = bootstrap.class_aucs(np.repeat(second[:, None], len(seeds), axis=1), guesses, patient)
    estimate = estimate_of(
        resampling.apply(lambda weights: by_training(weights).mean(0)),
        bootstrap.effective_number(np.bincount(patient, rarer)),
        trainings=[auc(second, guess) for guess in guesses.T],
    )
    return "auc", estimate, 0.5
