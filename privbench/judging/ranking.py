"""Which runs are better, and which cannot be told apart: rank intervals, ties, and the Pareto front.

Only runs under one fingerprint are compared, by paired differences over the same resamples of patients. A run that is
not certified has no rank: its low figure may be the attack's failure. Runs whose privacy was not judged stand apart,
and have ranks of utility alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np

from ..base.errors import PrivbenchError
from ..metrics import intervals
from ..record.attack import VERDICTS, AttackResult
from ..record.estimates import FILE, Estimate
from ..record.names import AUC, worst_case
from ..record.run import RunRecord, read_run
from ..record.vouched import estimates_of

_NO_ERROR = 1e-6  # of a difference of AUCs: less is rounding


@dataclass(frozen=True)
class Entry:
    """A run as it enters a table: its worst-case verification AUC and its mean classification AUC.

    The estimates are None where an older privbench wrote the run, or its release is unpaired, that of utility also
    where no findings are told, and that of privacy where it was not judged.
    """

    record: RunRecord
    privacy: Estimate | None
    utility: Estimate | None
    folder: Path


@dataclass(frozen=True)
class Standing:
    """A run among the others of its table.

    Ranks are intervals, from the best to the worst that the data allow; None without certificate. `on_front` is the
    share of resamples in which no other certified run is at least as good in both and better in one.
    `dominated_by` is a run that is surely better in both. Where the data set tells no findings, privacy alone is
    ranked, and where privacy was not judged, utility alone.
    """

    entry: Entry
    privacy_rank: tuple[int, int] | None = None
    utility_rank: tuple[int, int] | None = None
    on_front: float | None = None
    dominated_by: Entry | None = None


@dataclass(frozen=True, eq=False)  # arrays of estimates do not compare
class Board:
    """The runs of one fingerprint: certified ones first, then open ones, among them the most private first.

    Privacy was judged of all of them or of none; then the most useful comes first.
    """

    fingerprint: str
    standings: tuple[Standing, ...]

    @property
    def records(self) -> list[RunRecord]:
        """The runs in the board's order."""
        return [standing.entry.record for standing in self.standings]

    @property
    def unjudged(self) -> str | None:
        """Why privacy was not judged, in a clause; None where it was."""
        return self.standings[0].entry.record.unjudged


def read_entry(folder: Path) -> Entry:
    """A run from its folder. Raises PrivbenchError where it holds none, or one whose estimates were changed."""
    record = read_run(folder)
    if FILE not in record.files:
        return Entry(record, None, None, folder)
    if record.unpaired is not None:  # it has no rank, whatever is known of it
        return Entry(record, None, None, folder)
    privacy, utility = None if record.worst_case is None else worst_case(AUC), record.utility_name
    names = [name for name in (privacy, utility) if name is not None]
    estimates = estimates_of(folder, record, names)
    if len(estimates) < len(names):
        raise PrivbenchError(f"{folder / FILE} lacks the headline figures: run it again with --overwrite.")
    of = [None if name is None else estimates[name] for name in (privacy, utility)]
    return Entry(record, of[0], of[1], folder)


def make_boards(entries: Sequence[Entry]) -> list[Board]:
    """A board for each fingerprint, in the order of the best run; those whose privacy was not judged come last.

    Raises PrivbenchError where runs of one fingerprint rest on different draws or patients.
    """

    def place(entry: Entry) -> tuple[int, float, float]:
        worst, utility = entry.record.worst_case, entry.record.utility
        useful = 0.0 if utility is None else utility.mean_auc
        if worst is None:
            found = entry.record.unpaired
            return len(VERDICTS), 0.0 if found is None else found.copies.share, -useful
        return VERDICTS.index(worst.verdict), worst.verification_auc, -useful

    groups: dict[tuple[str, str | None], list[Entry]] = {}
    for entry in sorted(entries, key=place):
        groups.setdefault((entry.record.fingerprint, entry.record.unjudged), []).append(entry)
    return [
        Board(fingerprint, _standings(group) if unjudged is None else _useful(group))
        for (fingerprint, unjudged), group in groups.items()
    ]


def _useful(entries: Sequence[Entry]) -> tuple[Standing, ...]:
    """Runs whose privacy was not judged, with ranks of utility; none for weights that saw test images."""
    ranked = [entry for entry in entries if entry.utility is not None and not entry.record.contaminated]
    rest = [Standing(entry) for entry in entries if entry not in ranked]
    figures = [[entry.utility] for entry in ranked if entry.utility is not None]
    if not ranked:
        return tuple(rest)
    _check_paired(ranked, figures)
    confidence, numbers = ranked[0].record.interval.confidence, _numbers(ranked)
    more_useful = surely_below([one for (one,) in figures], confidence, numbers).T
    ranks = [rank_interval(more_useful, number) for number in range(len(ranked))]
    return (*(Standing(entry, utility_rank=rank) for entry, rank in zip(ranked, ranks, strict=True)), *rest)


def _numbers(ranked: Sequence[Entry]) -> list[int]:
    return [crc32(entry.record.key.encode()) for entry in ranked]


def _check_paired(ranked: Sequence[Entry], figures: Sequence[Sequence[Estimate]]) -> None:
    """Raises PrivbenchError where figures rest on different draws or patients."""
    first, pairs = figures[0][0], zip(ranked, figures, strict=True)
    if odd := next((entry for entry, told in pairs if not all(one.is_paired_with(first) for one in told)), None):
        raise PrivbenchError(
            f"{odd.folder} and {ranked[0].folder} share a fingerprint, and not the draws or patients of their figures: "
            "`privbench verify` tells which of them was changed."
        )


def _standings(entries: Sequence[Entry]) -> tuple[Standing, ...]:
    ranked, rest, figures = [], [], []
    for entry in entries:
        told = [one for one in (entry.privacy, entry.utility) if one is not None]
        if entry.record.certified and len(told) == (1 if entry.record.utility is None else 2):
            ranked.append(entry)
            figures.append(told)
        else:
            rest.append(Standing(entry))
    if not ranked:
        return tuple(rest)
    _check_paired(ranked, figures)
    # Both figures share the chance of a wrong statement.
    each = (1 + ranked[0].record.interval.confidence) / 2
    numbers = _numbers(ranked)
    privacy, *utility = zip(*figures, strict=True)
    more_private = surely_below(privacy, each, numbers)
    standings = [
        Standing(entry, privacy_rank=rank_interval(more_private, number)) for number, entry in enumerate(ranked)
    ]
    for useful in utility:  # where there is one
        more_useful = surely_below(useful, each, numbers).T
        fronts, both = front_shares(privacy, useful, numbers), more_private & more_useful
        standings = [
            replace(
                standing,
                utility_rank=rank_interval(more_useful, number),
                on_front=float(fronts[number]),
                dominated_by=ranked[int(np.argmax(both[:, number]))] if both[:, number].any() else None,
            )
            for number, standing in enumerate(standings)
        ]
    return (*standings, *rest)


def rank_interval(better: np.ndarray, number: int) -> tuple[int, int]:
    """The best and the worst rank of a run that the data allow. Shape: better (n, n), row surely better than column."""
    return 1 + int(better[:, number].sum()), len(better) - int(better[number].sum())


def surely_below(estimates: Sequence[Estimate], confidence: float, numbers: Sequence[int] | None = None) -> np.ndarray:
    """Which estimates are surely below which others, all pairs at once. Shape: (n, n), bool, row below column.

    The largest studentized difference of all pairs stays below the critical value in the stated share of resamples, so
    that the chance of a single wrong statement among them is what it says (Mogstad, Romano, Shaikh & Wilhelm 2024,
    "Inference for ranks"). Errors are the paired differences' own; the tails are those of the smallest effective number
    of patients. The numbers tell estimates apart whose trainings vary apart.
    """
    values = np.array([one.value for one in estimates])
    numbers = range(len(values)) if numbers is None else numbers
    if len(values) < 2:
        return np.zeros((len(values), len(values)), bool)
    draws = np.stack([np.nan_to_num(one.joined(n) - one.value) for n, one in zip(numbers, estimates, strict=True)])
    spread = np.sqrt(_between_pairs(np.cov(draws)))
    error = np.sqrt(_errors(estimates))
    # A difference that never varies is none, as between a run and its copy, or it is sure.
    varies = (error > _NO_ERROR) & (spread > _NO_ERROR)
    critical = _critical_value(draws.astype(np.float32), np.where(varies, spread, np.inf), confidence)
    effective = min(one.effective for one in estimates)
    errors = intervals.student_critical(critical, effective)
    distance = values - values[:, None]
    return np.where(varies, distance > errors * error, distance > _NO_ERROR)


def _between_pairs(covariance: np.ndarray) -> np.ndarray:
    """The variances of all differences. Shape: (n, n) to (n, n), not negative."""
    own = np.diag(covariance)
    return np.maximum(own[:, None] + own - 2 * covariance, 0)


def _errors(estimates: Sequence[Estimate]) -> np.ndarray:
    """The variances of all differences: of patients as `Estimate.minus` has them, and as drawn of trainings.

    Shape: (n, n).
    """
    jackknife = np.stack([np.nan_to_num(one.jackknife, nan=one.value) for one in estimates])
    patients = jackknife.shape[1]
    variance = _between_pairs(np.cov(jackknife, ddof=0) * (patients - 1))
    if len({len(one.between) for one in estimates}) == 1:
        between = np.stack([one.between for one in estimates])
        variance = np.maximum(variance - _between_pairs(between @ between.T), variance / 3)
    # As drawn, because critical values are: Student's t of few degrees of freedom has far more than the squared error.
    trainings = np.array([float(np.square(one.training_deviations).mean()) for one in estimates])
    return np.asarray(variance + trainings[:, None] + trainings)


def _critical_value(draws: np.ndarray, scale: np.ndarray, confidence: float) -> float:
    """What the largest studentized difference of all pairs exceeds in 1 - confidence of the resamples.

    Shape: draws (n, B), scale (n, n).
    """
    inverse = (1 / scale).astype(np.float32)
    columns = np.ascontiguousarray(draws.T)
    largest = np.zeros(len(columns), np.float32)
    for first in range(len(scale) - 1):
        distance = np.abs(columns[:, first, None] - columns[:, first + 1 :])
        distance *= inverse[first, first + 1 :]
        np.maximum(largest, distance.max(1), out=largest)
    return float(np.quantile(largest, confidence))


def front_shares(privacy: Sequence[Estimate], utility: Sequence[Estimate], numbers: Sequence[int]) -> np.ndarray:
    """The share of resamples in which each run lies on the Pareto front: low AUC of the attack, high utility.

    Runs of the same number are copies, whose trainings vary together.

    Shape: (n,), 0 to 1.
    """
    attacked, useful = (
        np.stack([np.nan_to_num(one.joined(n), nan=one.value) for n, one in zip(numbers, estimates, strict=True)])
        for estimates in (privacy, utility)
    )
    return np.mean([on_front(*column) for column in zip(attacked.T, useful.T, strict=True)], axis=0)


def on_front(attacked: np.ndarray, useful: np.ndarray) -> np.ndarray:
    """Which points no other dominates: none is at least as good in both and better in one. Shape: (n,) each, bool."""
    order = np.lexsort((attacked, -useful))
    lowest = np.minimum.accumulate(np.append(np.inf, attacked[order]))[:-1]
    free = attacked[order] < lowest
    # Points that are the same in both stand or fall together.
    same = np.append(False, (np.diff(attacked[order]) == 0) & (np.diff(useful[order]) == 0))
    for place in np.flatnonzero(same):
        free[place] = free[place - 1]
    result = np.empty(len(order), bool)
    result[order] = free
    return result


def strongest(run: RunRecord, scenario: str) -> AttackResult | None:
    """The attack that did best on validation pairs in a scenario; None where there is none."""
    attacks = [attack for attack in run.attacks if attack.scenario == scenario]
    return max(attacks, key=lambda attack: attack.validation_auc or 0.0, default=None)


def worst_attack(run: RunRecord) -> AttackResult:
    """The attack of the worst case. Raises PrivbenchError where privacy was not judged."""
    worst = run.judged.label
    return next(attack for attack in run.attacks if attack.label == worst)


def best_match(run: RunRecord) -> AttackResult | None:
    """The attack by which most releases find their own original; None where none knows single images."""
    matched = [(attack.match.rate, attack) for attack in run.attacks if attack.match is not None]
    return max(matched, key=lambda one: one[0], default=(0.0, None))[1]
