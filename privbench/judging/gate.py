"""The gate for CI: did a change make privacy or utility worse, or privacy suspiciously better?

It fails only where the whole interval of the paired change lies beyond the tolerance. What it cannot judge, it says,
and does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..base.errors import PrivbenchError
from ..protocols.schema import StatisticsSection
from ..record.estimates import Estimate
from ..record.names import MATCH, OTHERS, RANK_1, FigureName, Subject, copies_of
from ..record.run import RunRecord, read_run
from ..record.values import Interval
from ..record.vouched import estimates_of
from .baseline import Baseline, BaselineRun
from .terms import differences, terms_of

_COPIES = copies_of(OTHERS)

Outcome = Literal["pass", "regression", "cannot judge"]
EXIT_CODES: dict[Outcome, int] = {"pass": 0, "regression": 1, "cannot judge": 2}


@dataclass(frozen=True)
class Tolerances:
    """Changes up to which nothing is said, in the figure's own unit; and the fewest effective patients."""

    privacy: float = 0.02
    utility: float = 0.02
    rank_1: float = 0.05
    match: float = 0.05
    copies: float = 0.01
    patients: float = 20.0

    def of(self, name: FigureName) -> float:
        """The tolerance of a figure."""
        if name.of is Subject.UTILITY:
            return self.utility
        if name == _COPIES:
            return self.copies
        return {RANK_1: self.rank_1, MATCH: self.match}.get(name.metric, self.privacy)


@dataclass(frozen=True)
class JudgedFigure:
    """One figure against the baseline. `p_value` is that the change is no larger than the tolerance (one-sided)."""

    run: str
    figure: FigureName
    verdict: Outcome
    before: float
    after: float
    change: float
    interval: Interval | None
    tolerance: float
    p_value: float
    detectable: float
    message: str


@dataclass(frozen=True)
class Judgement:
    """What the gate says of all runs. `obstacles` tell why something cannot be judged, `notes` what to keep in mind.

    `runs` are those that are compared.
    """

    changes: tuple[JudgedFigure, ...]
    obstacles: tuple[str, ...]
    notes: tuple[str, ...]
    runs: tuple[RunRecord, ...] = ()

    @property
    def verdict(self) -> Outcome:
        """A regression counts before an obstacle."""
        if any(change.verdict == "regression" for change in self.changes):
            return "regression"
        return "cannot judge" if self.obstacles else "pass"


@dataclass(frozen=True)
class Pair:
    """A figure before and after."""

    run: str
    figure: FigureName
    before: Estimate
    after: Estimate


def judge_runs(folders: Sequence[Path], baseline: Baseline, tolerances: Tolerances) -> Judgement:
    """Judges run folders against a baseline: each of its runs has to be there."""
    pairs: list[Pair] = []
    obstacles: list[str] = []
    notes: list[str] = []
    runs: list[RunRecord] = []
    missing = {run.label for run in baseline.runs}
    statistics = baseline.statistics
    for folder in folders:
        try:
            record = read_run(folder)
            before = baseline.run_of(record)
            missing -= {before.label if before else ""}
            if obstacle := _obstacle(record, before, baseline):
                obstacles.append(f"{record.label}: {obstacle}")
            elif before is not None:
                pairs += _pairs(record.label, before, estimates_of(folder, record))
                notes += _notes(record, before)
                obstacles += _no_longer_certified(record, before)
                runs.append(record)
        except PrivbenchError as error:
            obstacles.append(str(error))
    obstacles += [f"{label}: it stands in the baseline, and there is no run of it" for label in sorted(missing)]
    changes, more = judge_changes(pairs, statistics, tolerances)
    return Judgement(tuple(changes), tuple([*obstacles, *more]), tuple(dict.fromkeys(notes)), tuple(runs))


def judge_changes(
    pairs: Sequence[Pair], statistics: StatisticsSection, tolerances: Tolerances
) -> tuple[list[JudgedFigure], list[str]]:
    """The change of every figure, and what keeps one from being judged.

    The intervals share the confidence among all figures (Bonferroni), so that the chance of a false alarm in any
    of them is at most 1 - confidence.
    """
    shared = 1 - (1 - statistics.confidence) / max(1, len(pairs))
    changes, obstacles = [], []
    for pair in pairs:
        difference = pair.after.minus(pair.before)
        interval = difference.interval(statistics.model_copy(update={"confidence": shared}))
        if difference.effective < tolerances.patients:
            obstacles.append(
                f"{pair.run}: {pair.figure} rests on {difference.effective:.1f} effective patients, fewer than "
                f"{tolerances.patients:g}, too few to judge a change"
            )
        elif interval is None:
            obstacles.append(f"{pair.run}: {pair.figure} has no interval, so its change cannot be judged")
        else:
            changes.append(_change(pair, difference, interval, tolerances.of(pair.figure)))
    return changes, obstacles


def _change(pair: Pair, difference: Estimate, interval: Interval, tolerance: float) -> JudgedFigure:
    what = _what_happened(pair.figure, interval, tolerance)
    p_value = difference.p_above(tolerance, _harm(pair.figure, difference.value))
    measured = (
        f"{pair.before.value:.3f} → {pair.after.value:.3f}, change {difference.value:+.3f} "
        f"[{interval.low:+.3f}, {interval.high:+.3f}] at {interval.confidence:.1%}, tolerance {tolerance:g}, "
        f"p = {p_value:.2g}"
    )
    return JudgedFigure(
        run=pair.run,
        figure=pair.figure,
        verdict="regression" if what else "pass",
        before=pair.before.value,
        after=pair.after.value,
        change=difference.value,
        interval=interval,
        tolerance=tolerance,
        p_value=p_value,
        detectable=tolerance + (difference.detectable(confidence=interval.confidence) or 0.0),
        message=f"{what or 'within the tolerance'}: {measured}",
    )


def _pairs(run: str, before: BaselineRun, known: Mapping[FigureName, Estimate]) -> list[Pair]:
    """The baseline's figures beside the run's. Raises PrivbenchError where one is missing or of another size."""
    pairs = []
    for name, one in before.estimates.items():
        other = known.get(name)
        if other is None or not one.is_paired_with(other):
            raise PrivbenchError(f"{run}: {name} is not there as in the baseline: make the baseline anew.")
        pairs.append(Pair(run, name, one, other))
    return pairs


def _no_longer_certified(record: RunRecord, before: BaselineRun) -> list[str]:
    """What its figures cannot tell of a run that is open, and was certified in the baseline.

    Where the image came back, its own-image match rose, and is a regression. Where the attack fits the release less
    well than before, its low figures prove less than they did, and nobody can tell whether the method became worse.
    """
    if record.certified or before.verdict != "certified":
        return []
    return [f"{record.label}: it was certified in the baseline, and now {_unproven(record)}"]


def _unproven(record: RunRecord) -> str:
    worst = record.judged
    return f"{worst.standing}, so its privacy figures prove nothing ({worst.reason})"


def _notes(record: RunRecord, before: BaselineRun) -> list[str]:
    notes = []
    worst = record.judged.label
    if worst != before.worst_case:
        notes.append(f"{record.label}: the worst case is {worst}, and was {before.worst_case} in the baseline.")
    if not record.certified and before.verdict == "open":
        notes.append(
            f"{record.label}: {record.judged.standing}, as in the baseline: its figures are compared, and low "
            "ones are no evidence of privacy."
        )
    attack = next(one for one in record.attacks if one.label == worst)
    privacy = [figure for text, figure in before.figures.items() if FigureName.parse(text).of is Subject.PRIVACY]
    once = any(figure.training_error is None for figure in privacy)
    if attack.certificate is not None and (once or len(attack.seed_aucs) < 2):
        notes.append(
            f"{record.label}: one training; how much another one would change is in no interval, so the tolerance "
            "has to cover it."
        )
    return notes


def _harm(name: FigureName, change: float) -> float:
    """How much worse a change is; of attacks, a figure that is too good is as bad, and of copies none is."""
    if name.of is Subject.UTILITY:
        return -change
    return change if name == _COPIES else abs(change)


def _what_happened(name: FigureName, interval: Interval, tolerance: float) -> str | None:
    """The regression that the interval proves; None where it proves none."""
    if name.of is Subject.UTILITY:
        return "worse utility" if interval.high < -tolerance else None
    if name == _COPIES:
        return "worse privacy, more originals of other patients are published" if interval.low > tolerance else None
    if interval.low > tolerance:
        return "worse privacy"
    return "suspiciously better privacy, check that the attack still works" if interval.high < -tolerance else None


def _obstacle(record: RunRecord, before: BaselineRun | None, baseline: Baseline) -> str | None:
    """Why the run cannot be judged; None where it can."""
    if record.unjudged is not None:
        return f"privacy was not judged: {record.unjudged}"
    if record.fingerprint != baseline.fingerprint:
        told = differences(baseline.terms, terms_of(record), (baseline.data_digest, record.data_digest))
        named = "; ".join(told[:3]) or "the version of privbench"
        return f"another fingerprint than the baseline's ({named}): make the baseline anew"
    if before is None:
        return f"the baseline holds {', '.join(run.label for run in baseline.runs)} and not this run"
    if record.contamination is not None:
        return record.contamination.rstrip(".")
    return None if record.judged.verdict in ("certified", "open") else _unproven(record)
