"""How well attributes are read off single images, and who is told to be among those whom an anonymizer learnt from."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..metrics import bootstrap
from ..metrics.roc import auc
from ..plugins.interfaces import MEMBERSHIP
from ..protocols.kinds import CONTROL
from ..protocols.schema import Protocol
from ..record.attack import InferenceResult
from ..record.estimates import Estimate
from ..record.utility import Change
from ..record.values import Counts
from .membership import membership_auc
from .resampling import Resampling, estimate_of


class _Reading(NamedTuple):
    """How well an attribute is read in one arm, what is reached without looking, and what arms are compared by.

    The estimate is the mean over the trainings.
    """

    metric: Literal["auc", "mae"]
    estimate: Estimate
    base_rate: float
    compared: Estimate


def inference_results(
    scores: pd.DataFrame, protocol: Protocol, version: str, resampling: Resampling
) -> list[InferenceResult]:
    """One result a scenario and attribute, from the inference scores of one attack.

    A text attribute of two values is judged by its AUC, a number by its mean absolute error; an attribute that the
    test images hold with one value only, or with more than two, is left out, and so is one that was not read off
    originals. Membership is left out where a split has no patient to judge it by; its patients are of several splits,
    and are drawn for it alone.
    """
    control = scores[scores["scenario"] == CONTROL]
    results = []
    readings = scores[scores["scenario"] != CONTROL].groupby(["scenario", "attribute"], sort=False)
    for (scenario, attribute), rows in readings:
        if attribute == MEMBERSHIP:
            read, draws = _membership, Resampling.of(protocol, rows["patient"].to_numpy())
        else:
            read, draws = _reading, resampling
        originals = control[control["attribute"] == attribute]
        reading = read(rows, draws)
        original = read(originals, draws) if len(originals) else None
        if reading is None or original is None:
            continue
        interval = reading.estimate.interval(protocol.statistics)
        if interval is None:
            continue
        both = reading.compared.minus(original.compared)
        results.append(
            InferenceResult(
                name=rows["attack"].iloc[0],
                version=version,
                scenario=scenario,
                attribute=attribute,
                metric=reading.metric,
                value=reading.estimate.value,
                interval=interval,
                original=original.estimate.value,
                base_rate=reading.base_rate,
                change=Change(value=both.value, interval=both.interval(protocol.statistics), p_value=both.p_value()),
                counts=Counts(
                    patients=rows["patient"].nunique(),
                    images=rows["image"].nunique(),
                    effective_patients=reading.estimate.effective,
                ),
            )
        )
    return results


def _membership(rows: pd.DataFrame, resampling: Resampling) -> _Reading | None:
    """Training patients beside test patients; the base rate is that of validation patients, of whom nobody learnt.

    These are like training patients where they were held out of them by chance, and test patients may be others, as in
    ChestX-ray14: the attack's direction, learnt where there is nothing to learn, would pass for memory. So arms are
    compared by how far members exceed them.
    """
    members, others = (membership_auc(rows, split, resampling) for split in ("train", "val"))
    if members is None or others is None:
        return None
    return _Reading("auc", members, others.value, members.minus(others))


def _reading(rows: pd.DataFrame, resampling: Resampling) -> _Reading | None:
    """Of an attribute of the table; what is reached without looking is a guess."""
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
        return _Reading("mae", estimate, float(np.abs(known - np.median(known)).mean()), estimate)
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
    return _Reading("auc", estimate, 0.5, estimate)
