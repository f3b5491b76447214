"""Means over the trainings of a task, their change against originals, and what is measured in the images themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from ..metrics import bootstrap
from ..metrics.bootstrap import Statistic
from ..protocols.kinds import CONTROL, Kind
from ..protocols.modes import MODES, Mode
from ..protocols.schema import Protocol, StatisticsSection
from ..record.estimates import Estimate
from ..record.names import FigureName, Subject
from ..record.utility import Change, MeasurementResult
from ..record.values import Counts
from .resampling import Applied, Resampling, estimate_of


@dataclass(frozen=True)
class MeanFigure:
    """A figure's mean over the trainings, and its value in each of them, by seed."""

    estimate: Estimate
    trainings: Mapping[int, float]

    @classmethod
    def of(cls, by_training: Applied, seeds: Sequence[int], effective: float) -> Self:
        """Shape: by_training (S, 1), (S, P), (S, B)."""
        trainings = by_training.value[:, 0].tolist()
        mean = by_training.map(lambda part: part.mean(0))
        return cls(estimate_of(mean, effective, trainings=trainings), dict(zip(seeds, trainings, strict=True)))

    def change(self, control: MeanFigure, mode: Mode, statistics: StatisticsSection) -> Change:
        """The paired difference from the control.

        What was trained on originals is the control's own model: each training differs from itself alone. A control
        that is a single training is taken to vary as much as the mode's trainings do.
        """
        both = self.estimate.minus(control.estimate)
        same = MODES[mode].train is Kind.ORIGINAL and self.trainings.keys() == control.trainings.keys()
        if same and len(self.trainings) > 1:
            differences = [value - control.trainings[seed] for seed, value in self.trainings.items()]
            error = float(np.std(differences, ddof=1) / np.sqrt(len(differences)))
            both = replace(both, training_error=error, freedom=len(differences) - 1.0)
        elif both.partly and both.training_error is not None:
            both = replace(both, training_error=float(np.sqrt(2) * both.training_error), partly=False)
        return Change(value=both.value, interval=both.interval(statistics), p_value=both.p_value())


def tells_trainings(mode: Mode, trainings: int) -> bool:
    """Whether the change of a mode is that of the images, and not of one training that happened to go otherwise."""
    return MODES[mode].train is Kind.ORIGINAL or trainings > 1


def each(by_training: Sequence[Statistic]) -> Statistic:
    """The values of every training, NaN where a draw leaves nothing. Shape: (S, B)."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.stack([one(weights) for one in by_training])

    return statistic


def counts_of(rows: pd.DataFrame, resampling: Resampling) -> tuple[Counts, float]:
    """How many images and patients stand in the rows, and the effective number of patients."""
    patients = rows.drop_duplicates("image")["patient"].to_numpy()
    effective = bootstrap.effective_number(np.bincount(resampling.rows(patients)))
    counts = Counts(patients=len(np.unique(patients)), images=len(patients), effective_patients=effective)
    return counts, effective


def measurement_results(
    measurements: pd.DataFrame, protocol: Protocol, versions: Mapping[str, str], resampling: Resampling
) -> tuple[list[MeasurementResult], dict[FigureName, Estimate]]:
    """One result a task, mode and measure, in the protocol's order, and the estimates behind them.

    Args:
        measurements: one row a task, mode (or CONTROL), seed, image and measure.
        protocol: what they were made under.
        versions: the plugin's version of each task, by its name in the protocol.
        resampling: the draws of the test patients.
    """
    results: list[MeasurementResult] = []
    estimates: dict[FigureName, Estimate] = {}
    parts = dict(iter(measurements.groupby(["task", "mode", "measure"], sort=False)))
    for label, section in protocol.utilities.items():
        for mode in section.modes:
            of_mode = measurements[(measurements["task"] == label) & (measurements["mode"] == mode)]
            for measure in of_mode["measure"].unique():
                rows, original = parts[label, mode, measure], parts.get((label, CONTROL, measure))
                figure, counts = _figure(rows, resampling)
                control = None if original is None else _figure(original, resampling)[0]
                more_is_better = rows["more_is_better"].iloc[0]
                result = MeasurementResult(
                    name=label,
                    task=section.task,
                    version=versions[label],
                    mode=mode,
                    measure=measure,
                    unit=rows["unit"].iloc[0],
                    more_is_better=None if pd.isna(more_is_better) else bool(more_is_better),
                    value=figure.estimate.value,
                    interval=figure.estimate.interval(protocol.statistics),
                    lowest=float(rows["value"].min()),
                    highest=float(rows["value"].max()),
                    original=None if control is None else control.estimate.value,
                    change=None if control is None else figure.change(control, mode, protocol.statistics),
                    counts=counts,
                )
                results.append(result)
                estimates[FigureName(Subject.MEASUREMENT, result.label, measure)] = figure.estimate
    return results, estimates


def _figure(rows: pd.DataFrame, resampling: Resampling) -> tuple[MeanFigure, Counts]:
    """The mean over the images, and what it was computed from."""
    rows = rows.sort_values("image", kind="stable")  # so that equal values have equal means to the last bit
    seeds = np.unique(rows["seed"]).tolist()
    trainings = [rows[rows["seed"] == seed] for seed in seeds]
    means = [
        bootstrap.mean(part["value"].to_numpy(), resampling.rows(part["patient"].to_numpy())) for part in trainings
    ]
    counts, effective = counts_of(rows, resampling)
    figure = MeanFigure.of(resampling.apply(each(means)).filled(), seeds, effective)
    # A measure may have any value, so there is no bound at which it could be stuck.
    return replace(figure, estimate=replace(figure.estimate, bounds=(-np.inf, np.inf))), counts
