"""How well findings are read in the test images, and in groups of them; and how far the groups lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy.special import expit

from ..metrics import bootstrap
from ..metrics.detection import FEWEST_POSITIVES, average_precision, calibration_error, threshold_at_specificity
from ..protocols.modes import Mode
from ..protocols.schema import Protocol
from ..record.utility import Change, FindingResult, GapResult, GroupResult
from .measurements import MeanFigure, counts_of, each, tells_trainings
from .resampling import Applied, Resampling, estimate_of

ATTRIBUTES = ("sex", "age", "view")
AGES = {"0-39": 0, "40-59": 40, "60+": 60}
"""Groups of ages, from so many years on."""


@dataclass(frozen=True)
class FindingScores:
    """One finding in the images whose label is known, as every training reads it.

    Shape: present (n,), bool; scores (S, n), log-odds; patient (n,), rows of the resampling; aucs (S, …), None where
    there is one label only.
    """

    present: np.ndarray
    scores: np.ndarray
    patient: np.ndarray
    aucs: Applied | None

    @classmethod
    def of(cls, rows: pd.DataFrame, trainings: int, resampling: Resampling) -> Self:
        """From the test scores of one class, in the order of seeds and images."""
        scores = rows["score"].to_numpy(np.float64).reshape(trainings, -1)
        first = rows[: scores.shape[1]]
        present, patient = first["label"].to_numpy(bool), resampling.rows(first["patient"].to_numpy())
        aucs = None
        if present.any() and not present.all():
            labels = np.repeat(present[:, None], trainings, axis=1)
            aucs = resampling.apply(bootstrap.class_aucs(labels, scores.T, patient))
        return cls(present, scores, patient, aucs)

    @property
    def counts(self) -> tuple[int, int]:
        """How many images show it, and how many do not."""
        positives = int(self.present.sum())
        return positives, len(self.present) - positives

    @property
    def frequent(self) -> bool:
        """Whether both labels are frequent enough for a mean."""
        return min(self.counts) >= FEWEST_POSITIVES

    @property
    def effective(self) -> float:
        """The effective number of patients of the rarer label, which decides how much is known."""
        positives, negatives = self.counts
        rarer = self.present if positives <= negatives else ~self.present
        return bootstrap.effective_number(np.bincount(self.patient, rarer))


@dataclass(frozen=True)
class Reader:
    """A task in one mode: its scores of test images, and the thresholds that its validation images fix.

    Shape: thresholds (S,), by finding, at 95 % specificity; none where no validation image is known to be negative.
    """

    rows: pd.DataFrame
    seeds: tuple[int, ...]
    findings: Mapping[str, FindingScores]
    thresholds: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, rows: pd.DataFrame, resampling: Resampling) -> Self:
        """From the utility scores of one task and mode."""
        names = [str(name) for name in rows["class"].unique()]
        rows = rows.sort_values(["seed", "image"], kind="stable")
        test, val = (rows[rows["split"] == split] for split in ("test", "val"))
        fixed: dict[str, list[float]] = {}
        for (name, _), part in val.groupby(["class", "seed"]):
            threshold = threshold_at_specificity(part["label"].to_numpy(bool), part["score"].to_numpy())
            if threshold is not None:
                fixed.setdefault(str(name), []).append(threshold)
        seeds = tuple(np.unique(test["seed"]).tolist())
        thresholds = {name: np.array(values) for name, values in fixed.items()}
        return cls(test, seeds, _findings(test, names, len(seeds), resampling), thresholds)

    def among(self, chosen: pd.Series, resampling: Resampling) -> Reader:
        """The same for those of the rows alone."""
        rows = self.rows[chosen]
        findings = _findings(rows, list(self.findings), len(self.seeds), resampling)
        return Reader(rows, self.seeds, findings, self.thresholds)

    def mean_auc(self, names: Sequence[str]) -> Applied:
        """The mean AUC of those findings, of every training. Shape: (S, …).

        In a resample in which one of them lost a label its own AUC stands for it, so that the mean always goes over
        the same ones.
        """
        aucs = []
        for name in names:
            found = self.findings[name].aucs
            assert found is not None, "a mean goes over findings that hold both labels"
            aucs.append(found.filled())
        return Applied(*(np.mean(parts, axis=0) for parts in zip(*aucs, strict=True)))

    def result(
        self, name: str, protocol: Protocol, resampling: Resampling, change: Change | None = None
    ) -> FindingResult:
        """All that is known of one finding."""
        finding = self.findings[name]
        present, scores, patient = finding.present, finding.scores, finding.patient
        told: dict[str, object] = {"name": name, "change": change}
        told["positives"], told["negatives"] = finding.counts
        if finding.aucs is None:
            return FindingResult.model_validate(dict.fromkeys(FindingResult.model_fields) | told)

        def figures(metric: str, by_training: Applied, effective: float) -> dict[str, object]:
            estimate = MeanFigure.of(by_training, self.seeds, effective).estimate
            interval = "interval" if metric == "auc" else f"{metric}_interval"
            return {metric: estimate.value, interval: estimate.interval(protocol.statistics)}

        precisions = resampling.apply(each([average_precision(present, one, patient) for one in scores]))
        told |= figures("auc", finding.aucs, finding.effective)
        told |= figures("average_precision", precisions, finding.effective)
        told |= dict.fromkeys(("sensitivity", "sensitivity_interval", "specificity"))
        if name in self.thresholds:
            called = scores >= self.thresholds[name][:, None]
            found = resampling.apply(each([bootstrap.mean(one[present], patient[present]) for one in called]))
            effective = bootstrap.effective_number(np.bincount(patient[present]))
            told |= figures("sensitivity", found.filled(), effective)
            told["specificity"] = 1 - float(called[:, ~present].mean())
        told["calibration_error"] = float(np.mean([calibration_error(present, expit(one)) for one in scores]))
        return FindingResult.model_validate(told)


def _findings(
    rows: pd.DataFrame, names: Sequence[str], trainings: int, resampling: Resampling
) -> dict[str, FindingScores]:
    parts = {str(name): own for name, own in rows.groupby("class")}
    return {name: FindingScores.of(parts.get(name, rows[:0]), trainings, resampling) for name in names}


def group_results(
    reader: Reader, control: Reader | None, mode: Mode, protocol: Protocol, resampling: Resampling
) -> tuple[list[GroupResult], list[GapResult]]:
    """The groups of every attribute that the test images hold several values of, and the gaps between them."""
    results: list[GroupResult] = []
    gaps: list[GapResult] = []
    for attribute in ATTRIBUTES:
        groups = _among(reader, attribute, resampling)
        if len(groups) < 2:
            continue
        often = {
            value: {name for name, finding in group.findings.items() if finding.frequent}
            for value, group in groups.items()
        }
        compared = {value: groups[value] for value, names in often.items() if names}
        names = [name for name in reader.findings if all(name in often[value] for value in compared)]
        if len(compared) < 2 or not names:
            compared = {}
        for value, group in groups.items():
            counts, effective = counts_of(group.rows, resampling)
            mean = MeanFigure.of(group.mean_auc(names), group.seeds, effective).estimate if value in compared else None
            results.append(
                GroupResult(
                    attribute=attribute,
                    value=value,
                    counts=counts,
                    mean_auc=mean and mean.value,
                    interval=mean and mean.interval(protocol.statistics),
                    findings=[group.result(name, protocol, resampling) for name in group.findings],
                )
            )
        if compared:
            originals = {} if control is None else _among(control, attribute, resampling)
            same = {value: originals[value] for value in compared if value in originals}
            gaps.append(_gap_result(attribute, names, compared, same, mode, protocol, resampling))
    return results, gaps


def _among(reader: Reader, attribute: str, resampling: Resampling) -> dict[str, Reader]:
    """The readers of the groups of an attribute, those without a value left out."""
    values = reader.rows[attribute]
    if attribute == "age":
        values = pd.cut(values, [*AGES.values(), np.inf], right=False, labels=list(AGES))
    known = values.astype(object).where(values.notna() & (values != ""))
    return {str(value): reader.among(known == value, resampling) for value in sorted(known.dropna().unique())}


def _gap_result(
    attribute: str,
    names: list[str],
    compared: Mapping[str, Reader],
    originals: Mapping[str, Reader],
    mode: Mode,
    protocol: Protocol,
    resampling: Resampling,
) -> GapResult:
    figure, low, high = _gap(names, compared, resampling)
    control = _gap(names, originals, resampling)[0] if originals else None
    change = None if control is None else figure.change(control, mode, protocol.statistics)
    sure = change is not None and tells_trainings(mode, len(figure.trainings))
    interval = change.interval if change is not None and sure else None
    return GapResult(
        attribute=attribute,
        findings=names,
        gap=figure.estimate.value,
        low=low,
        high=high,
        interval=figure.estimate.interval(protocol.statistics),
        original=None if control is None else control.estimate.value,
        change=change,
        widened=None if interval is None or interval.low <= 0 <= interval.high else interval.low > 0,
    )


def _gap(names: Sequence[str], groups: Mapping[str, Reader], resampling: Resampling) -> tuple[MeanFigure, str, str]:
    """The gap, recomputed in every draw, between which groups; the worst read group comes first.

    A training's own gap is that between the two groups which lie farthest apart on average.
    """
    means = [group.mean_auc(names) for group in groups.values()]
    by_training = Applied(*(np.stack(parts) for parts in zip(*means, strict=True)))  # (groups, S, …)
    mean = by_training.map(lambda part: part.mean(1))
    order = np.argsort(mean.value[:, 0], kind="stable")
    low, high = int(order[0]), int(order[-1])
    trainings = by_training.value[high, :, 0] - by_training.value[low, :, 0]
    estimate = estimate_of(
        mean.map(lambda part: part.max(0) - part.min(0)),
        min(counts_of(group.rows, resampling)[1] for group in groups.values()),
        trainings=trainings.tolist(),
    )
    seeds, values = next(iter(groups.values())).seeds, list(groups)
    return MeanFigure(estimate, dict(zip(seeds, trainings.tolist(), strict=True))), values[low], values[high]
