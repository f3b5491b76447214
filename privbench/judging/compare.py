"""Two runs, figure by figure: paired differences over the same resamples of patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..base.errors import PrivbenchError
from ..base.validation import validate
from ..metrics.delong import delong_p_value
from ..metrics.intervals import holm
from ..protocols.schema import StatisticsSection
from ..record.estimates import Estimate
from ..record.folder import LINKAGE_SCORES, UTILITY_SCORES
from ..record.names import AUC, FigureName, Subject, worst_case
from ..record.run import RunRecord, read_run
from ..record.scores import read_scores
from ..record.values import Interval
from ..record.vouched import estimates_of, require_vouched
from .terms import require_same


@dataclass(frozen=True)
class Difference:
    """A figure of two runs. The difference is the second's minus the first's. None: the patients are too few for it.

    `p_value` is two-sided, that there is none; among findings it is corrected for their number (Holm). `detectable` is
    the smallest true difference that would have been seen in four of five studies like this one. `delong` is DeLong's
    p-value of a finding, where every patient has one image; None elsewhere.
    """

    name: FigureName
    first: float
    second: float
    difference: float
    interval: Interval | None
    p_value: float | None
    detectable: float | None
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
        PrivbenchError: one of them is none, was changed, or is of an older privbench, or their fingerprints differ.
    """
    records = read_run(first), read_run(second)
    one, other = records
    require_same(one, other)
    for folder, record in zip((first, second), records, strict=True):
        for name in (UTILITY_SCORES, LINKAGE_SCORES):
            require_vouched(folder, record, name)
    estimates = estimates_of(first, one), estimates_of(second, other)
    shared = [name for name in estimates[0] if name in estimates[1]]
    if odd := next((name for name in shared if not estimates[0][name].is_paired_with(estimates[1][name])), None):
        raise PrivbenchError(
            f"{odd} of {first} and of {second} rest on different draws or patients: `privbench verify` tells which of "
            "them was changed."
        )
    statistics = validate(StatisticsSection, one.protocol.get("statistics"), f"the statistics of {first}")
    found = [difference_of(name, estimates[0][name], estimates[1][name], statistics) for name in shared]
    corrected = _corrected(found)
    # Where nobody knows whose an image is, nobody knows that each patient stands in one alone.
    tests = {} if one.unjudged is not None else delong_tests(first, second, records)
    return Comparison(
        one,
        other,
        tuple(replace(row, p_value=corrected.get(row.name, row.p_value), delong=tests.get(row.name)) for row in found),
        tuple(_notes(records, has_delong=bool(tests))),
    )


def _corrected(found: Sequence[Difference]) -> dict[FigureName, float]:
    """The p-values of findings, corrected for their number within each task and mode."""
    tables: dict[str, dict[FigureName, float]] = {}
    for row in found:
        if row.name.finding is not None and row.p_value is not None:
            tables.setdefault(row.name.whose, {})[row.name] = row.p_value
    return {
        name: p_value
        for table in tables.values()
        for name, p_value in zip(table, holm(list(table.values())), strict=True)
    }


def difference_of(name: FigureName, first: Estimate, second: Estimate, statistics: StatisticsSection) -> Difference:
    """The paired difference of two estimates of the same figure."""
    both = second.minus(first)
    return Difference(
        name=name,
        first=first.value,
        second=second.value,
        difference=both.value,
        interval=both.interval(statistics, sampling=name.sampling),
        p_value=both.p_value(),
        detectable=both.detectable(confidence=statistics.confidence),
    )


def delong_tests(first: Path, second: Path, records: Sequence[RunRecord]) -> dict[FigureName, float]:
    """DeLong's p-value by figure, where every patient stands in one pair, or in one image; none anywhere else.

    Of the headline of utility and of attacks, where these were trained once.

    The pairs that privbench draws stand in a mated and a non-mated pair each, so it is for lists of one's own.
    """
    tests: dict[FigureName, float] = {}
    key = ["task", "mode", "seed", "split", "image", "patient", "class", "label"]
    images = _beside(first / UTILITY_SCORES, second / UTILITY_SCORES, key)
    for utility in records[0].utilities[:1]:
        own = images[(images["task"] == utility.name) & (images["mode"] == utility.mode) & (images["split"] == "test")]
        if own["seed"].nunique() == 1 and not own.drop_duplicates("image")["patient"].duplicated().any():
            for name, part in own.groupby("class", sort=False):
                _test(tests, FigureName(Subject.UTILITY, utility.label, AUC, str(name)), part, part["label"])
    key = ["attack", "scenario", "seed", "split", "images", "probe", "reference", "probe_patient", "reference_patient"]
    pairs = _beside(first / LINKAGE_SCORES, second / LINKAGE_SCORES, [*key, "mated"])
    for attack in records[0].attacks:
        own = pairs[(pairs["attack"] == attack.name) & (pairs["scenario"] == attack.scenario)]
        own = own[(own["split"] == "test") & (own["images"] == attack.test)]
        both = own[["probe_patient", "reference_patient"]].to_numpy()
        patients = np.concatenate([np.unique(pair) for pair in both]) if len(both) else both
        if own["seed"].nunique() == 1 and len(np.unique(patients)) == len(patients):
            _test(tests, FigureName(Subject.PRIVACY, attack.label, AUC), own, own["mated"])
    return tests


def _beside(first: Path, second: Path, key: list[str]) -> pd.DataFrame:
    """The scores of two runs, row by row of the key, as score_x and score_y."""
    try:
        return read_scores(first)[[*key, "score"]].merge(read_scores(second)[[*key, "score"]], on=key)
    except (KeyError, ValueError) as error:
        raise PrivbenchError(
            f"{first} and {second} cannot be set side by side ({error}): `privbench verify` tells which was changed."
        ) from error


def _test(tests: dict[FigureName, float], name: FigureName, rows: pd.DataFrame, labels: pd.Series) -> None:
    if 1 < labels.sum() < len(labels) - 1:  # one sample has no variance
        scores = (rows[f"score_{side}"].to_numpy() for side in "xy")
        tests[name] = delong_p_value(labels.to_numpy(bool), *scores)


def _notes(records: Sequence[RunRecord], has_delong: bool) -> list[str]:
    notes = [record.doubt for record in records if record.doubt]
    notes += [
        f"{record.label} publishes copies of other patients' originals, and so removes nobody."
        for record in records
        if record.copies is not None and record.copies.publishes_others
    ]
    if records[0].unpaired is not None:  # whoever shares its fingerprint is one, too
        return notes
    worst = [record.worst_case.label for record in records if record.worst_case is not None]
    if len(set(worst)) > 1:
        notes.append(f"{worst_case(AUC).whose} compares {worst[0]} with {worst[1]}.")
    trained = [attack for record in records for attack in record.attacks if attack.certificate]
    if any(len(attack.seed_aucs) < 2 for attack in trained):
        notes.append(
            "Attacks with one training: how much another training would change is not in their intervals "
            "(--set attacks.NAME.seeds=5 shows it)."
        )
    if not has_delong:
        counts, what = records[0].counts, "pairs" if records[0].attacks else "images"
        here = counts.pairs if records[0].attacks else counts.images
        notes.append(
            "DeLong's test is not offered: it needs one training alone, and test pairs or test images that are "
            f"independent; here {here} {what} are of {counts.patients} patients."
        )
    return notes
