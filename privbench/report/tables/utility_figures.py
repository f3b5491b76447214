"""The whole utility of runs as one long table, for CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from ...record.run import RunRecord
from ...record.utility import Change, UtilityResult
from ...record.values import Counts, Interval

COLUMNS = (
    "fingerprint", "protocol", "anonymizer", "task", "mode", "part", "of", "metric", "unit", "value", "low", "high",
    "original", "change", "change_low", "change_high", "p_value", "surely_worse", "positives", "negatives", "patients",
    "images",
)  # fmt: skip


def as_frame(runs: Sequence[RunRecord]) -> pd.DataFrame:
    """One row a figure, the same columns for all.

    `part` tells what a figure is of: the mean, a finding, a group, a gap or a measurement; `of` names it. Losses and
    gaps that surely widened are `surely_worse`, None where that was not judged. Figures are unitless where no unit
    is told.
    """
    rows: list[dict[str, Any]] = []
    for run in runs:
        whose = {"fingerprint": run.fingerprint, "protocol": run.protocol["name"], "anonymizer": run.label}
        for result in run.utilities:
            rows += [whose | {"task": result.name, "mode": result.mode} | row for row in _readings(result)]
        for one in run.measurements:
            rows.append(
                {**whose, "task": one.name, "mode": one.mode, "part": "measurement", "metric": one.measure}
                | {"unit": one.unit, "original": one.original}
                | _value(one.value, one.interval)
                | _change(one.change)
                | _counts(one.counts)
            )
    counted = dict.fromkeys(("positives", "negatives", "patients", "images"), "Int64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(counted)


def _readings(result: UtilityResult) -> Iterator[dict[str, Any]]:
    mean = {"part": "mean", "metric": "mean AUC", "original": result.original}
    yield mean | _value(result.mean_auc, result.interval) | _change(result.change) | _counts(result.counts)
    for one in result.findings:
        known = {"part": "finding", "of": one.name, "positives": one.positives, "negatives": one.negatives}
        original = None if one.auc is None or one.change is None else one.auc - one.change.value
        lost = None if one.change is None or result.lost is None else one.name in result.lost
        figures = {
            "AUC": _value(one.auc, one.interval) | {"original": original, "surely_worse": lost} | _change(one.change),
            "average precision": _value(one.average_precision, one.average_precision_interval),
            "sensitivity": _value(one.sensitivity, one.sensitivity_interval),
            "specificity": _value(one.specificity),
            "calibration error": _value(one.calibration_error),
        }
        yield from (known | {"metric": metric} | told for metric, told in figures.items() if told["value"] is not None)
    for group in result.groups:
        if group.mean_auc is not None:
            known = {"part": "group", "of": f"{group.attribute} {group.value}", "metric": "mean AUC"}
            yield known | _value(group.mean_auc, group.interval) | _counts(group.counts)
    for gap in result.gaps:
        known = {"part": "gap", "of": gap.attribute, "metric": "gap of mean AUCs"}
        known |= {"original": gap.original, "surely_worse": gap.widened}
        yield known | _value(gap.gap, gap.interval) | _change(gap.change)


def _value(value: float | None, interval: Interval | None = None) -> dict[str, Any]:
    return {"value": value, "low": interval and interval.low, "high": interval and interval.high}


def _change(change: Change | None) -> dict[str, Any]:
    if change is None:
        return {}
    told = _value(change.value, change.interval)
    return {"change": told["value"], "change_low": told["low"], "change_high": told["high"], "p_value": change.p_value}


def _counts(counts: Counts) -> dict[str, Any]:
    return {"patients": counts.patients, "images": counts.images}
