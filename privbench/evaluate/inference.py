"""How well attributes are read off single images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..metrics import bootstrap
from ..metrics.roc import auc
from ..protocol import Protocol
from ..results import Counts, InferenceResult
from ..scores import CONTROL
from ..seeds import numpy_generator
from .intervals import interval_of


def inference_results(scores: pd.DataFrame, protocol: Protocol, version: str) -> list[InferenceResult]:
    """One result a scenario and attribute, from the inference scores of one attack.

    A text attribute of two values is judged by its AUC, a number by its mean absolute error; an attribute that the
    test images hold with one value only, or with more than two, is left out.
    """
    control = scores[scores["scenario"] == CONTROL]
    results = []
    readings = scores[scores["scenario"] != CONTROL].groupby(["scenario", "attribute"], sort=False)
    for (scenario, attribute), rows in readings:
        reading = _reading(rows, protocol)
        original = _reading(control[control["attribute"] == attribute], protocol)
        if reading is None or original is None:
            continue
        metric, value, resampled, base_rate = reading
        interval = interval_of(resampled, protocol)
        if interval is None:
            continue
        results.append(
            InferenceResult(
                name=rows["attack"].iloc[0],
                version=version,
                scenario=scenario,
                attribute=attribute,
                metric=metric,
                value=value,
                interval=interval,
                original=original[1],
                base_rate=base_rate,
                counts=Counts(patients=rows["patient"].nunique(), images=rows["image"].nunique()),
            )
        )
    return results


def _reading(rows: pd.DataFrame, protocol: Protocol) -> tuple[str, float, np.ndarray, float] | None:
    """Metric, value (mean over the seeds), resampled values, and what a guess reaches."""
    seeds = [part for _, part in rows.groupby("seed")]
    truth, patients = seeds[0]["truth"], seeds[0]["patient"].to_numpy()
    guesses = np.stack([part["score"].to_numpy() for part in seeds])
    resamples = protocol.statistics.resamples

    def rng() -> np.random.Generator:
        return numpy_generator(protocol.seed, "inference resamples")

    numbers = pd.to_numeric(truth, errors="coerce")
    if numbers.notna().all():
        known = numbers.to_numpy(float)
        errors = np.abs(guesses - known).mean(0)
        resampled = bootstrap.means(errors, patients, resamples, rng())
        return "mae", float(errors.mean()), resampled, float(np.abs(known - np.median(known)).mean())
    values = sorted(truth.unique())
    if len(values) != 2:
        return None
    second = (truth == values[1]).to_numpy()
    parts = [bootstrap.class_aucs(second[:, None], guess[:, None], patients, resamples, rng()) for guess in guesses]
    resampled = np.mean(parts, axis=0)[:, 0]
    return "auc", float(np.mean([auc(second, guess) for guess in guesses])), resampled, 0.5
