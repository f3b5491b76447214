"""Two runs, figure by figure: paired differences over the same resamples of patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .estimates import FILE, WORST_CASE, Estimate, read_estimates
from .metrics.delong import delong_p_value
from .protocol import StatisticsSection
from .results import Interval, RunRecord, read_run
from .run_files import UTILITY_SCORES
from .scores import read_scores
from .terms import differences, require_same, terms_of

_OF_FINDING = "/AUC of "


@dataclass(frozen=True)
class Difference:
    """A figure of two runs. The difference is the second's minus the first's.

    `p_value` is two-sided, that there is none; among findings it is corrected for their number (Holm). `detectable` is
    the smallest true difference that would have been seen in four of five studies like this one. `delong` is DeLong's
    p-value of a finding, where every patient has one image; None elsewhere.
    """

    name: str
    first: float
    second: float
    difference: float
    interval: Interval | None
    p_value: float
    detectable: float
    delong: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Two runs and all the figures that both have; what a reader has to know comes with them."""

    first: RunRecord
    second: RunRecord
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


def compare_runs(first: Path, second: Path) -> Comparison:
    """Compares two run folders.

    Raises:
        PrivbenchError: one of them is none, or was written by an older privbench, or their fingerprints differ.
    """
    records = read_run(first), read_run(second)
    one, other = records
    told = differences(
        terms_of(one.terms, one.protocol), terms_of(other.terms, other.protocol), (one.data_digest, other.data_digest)
    )
    require_same((one.fingerprint, other.fingerprint), told, f"{one.label} and {other.label}")
    estimates = read_estimates(first / FILE), read_estimates(second / FILE)
    shared = [name for name in estimates[0] if name in estimates[1]]
    statistics = StatisticsSection.model_validate(one.protocol["statistics"])
    found = [difference_of(name, estimates[0][name], estimates[1][name], statistics) for name in shared]
    findings = [one for one in found if _OF_FINDING in one.name]
    corrected = dict(zip(findings, holm([one.p_value for one in findings]), strict=True))
    tests = _delong([read_scores(folder / UTILITY_SCORES) for folder in (first, second)])
    return Comparison(
        one,
        other,
        tuple(
            Difference(
                **vars(row)
                | {"p_value": corrected.get(row, row.p_value), "delong": tests.get(row.name.split(_OF_FINDING)[-1])}
            )
            for row in found
        ),
        tuple(_notes(records, has_delong=bool(tests))),
    )


def difference_of(name: str, first: Estimate, second: Estimate, statistics: StatisticsSection) -> Difference:
    """The paired difference of two estimates of the same figure."""
    both = second.minus(first)
    return Difference(
        name=name,
        first=first.value,
        second=second.value,
        difference=both.value,
        interval=both.interval(statistics),
        p_value=both.p_value(),
        detectable=both.detectable(confidence=statistics.confidence),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, so that the chance of a single false alarm holds (Holm 1979)."""
    number = len(p_values)
    order = np.argsort(p_values, kind="stable")
    raised = [min(1.0, (number - place) * p_values[row]) for place, row in enumerate(order)]
    corrected = np.empty(number)
    corrected[order] = np.maximum.accumulate(raised) if number else []
    return [float(value) for value in corrected]


def _delong(scores: Sequence[pd.DataFrame]) -> dict[str, float]:
    """DeLong's p-value by finding; none where a patient has several images, which are not independent."""
    first, second = scores
    if first.drop_duplicates("image")["patient"].duplicated().any():
        return {}
    others = {name: part["score"].to_numpy() for name, part in second.groupby("class", sort=False)}
    return {
        str(name): delong_p_value(part["label"].to_numpy(bool), part["score"].to_numpy(), others[name])
        for name, part in first.groupby("class", sort=False)
        if 1 < part["label"].sum() < len(part) - 1  # one sample has no variance
    }


def _notes(records: Sequence[RunRecord], has_delong: bool) -> list[str]:
    notes = [
        f"{record.label}: the attack is {record.worst_case.verdict}, so a low figure is no evidence of privacy "
        f"({record.worst_case.reason})."
        for record in records
        if not record.certified
    ]
    worst = [record.worst_case.label for record in records]
    if worst[0] != worst[1]:
        notes.append(f"{WORST_CASE.partition('/')[2]} compares {worst[0]} with {worst[1]}.")
    if min(len(attack.seed_aucs) for record in records for attack in record.attacks if attack.certificate) < 2:
        notes.append(
            "Attacks with one training: how much another training would change is not in their intervals "
            "(--set attacks.NAME.seeds=5 shows it)."
        )
    if not has_delong:
        counts = records[0].utility.counts
        notes.append(
            f"DeLong's test is not offered: {counts.images} test images of {counts.patients} patients are not "
            "independent."
        )
    return notes
