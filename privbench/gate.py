"""The gate for CI: did a change make privacy or utility worse, or privacy suspiciously better?

It fails only where the whole interval of the paired change lies beyond the tolerance. What it cannot judge, it says,
and does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scipy import stats

from .baseline import Baseline, BaselineRun
from .estimates import FILE, Estimate, read_estimates
from .protocol import StatisticsSection
from .results import Interval, RunRecord, read_run
from .terms import differences, terms_of

Verdict = Literal["pass", "regression", "cannot judge"]
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "regression": 1, "cannot judge": 2}


@dataclass(frozen=True)
class Tolerances:
    """Changes up to which nothing is said, in the figure's own unit; and the fewest effective patients."""

    privacy: float = 0.02
    utility: float = 0.02
    rank_1: float = 0.05
    patients: float = 20.0

    def of(self, name: str) -> float:
        """The tolerance of a figure."""
        if name.startswith("utility/"):
            return self.utility
        return self.rank_1 if name.endswith("/rank 1") else self.privacy


@dataclass(frozen=True)
class Change:
    """One figure against the baseline. `p_value` is that the change is no larger than the tolerance (one-sided)."""

    run: str
    figure: str
    verdict: Verdict
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
    """What the gate says of all runs. `obstacles` tell why something cannot be judged, `notes` what to keep in mind."""

    changes: tuple[Change, ...]
    obstacles: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """A regression counts before an obstacle."""
        if any(change.verdict == "regression" for change in self.changes):
            return "regression"
        return "cannot judge" if self.obstacles else "pass"


def judge_runs(folders: Sequence[Path], baseline: Baseline, tolerances: Tolerances) -> Judgement:
    """Judges run folders against a baseline. Raises PrivbenchError where a folder holds no run."""
    changes: list[Change] = []
    obstacles: list[str] = []
    notes: list[str] = []
    for folder in folders:
        record = read_run(folder)
        before = baseline.run_of(record)
        found = [*_obstacles(record, before, baseline)]
        if before is not None and not found:
            known = read_estimates(folder / FILE, list(before.figures))
            found = [f"{record.label}: {name} is missing" for name in before.figures if name not in known]
            statistics = StatisticsSection.model_validate(record.protocol["statistics"])
            pairs = {name: (before.figures[name].estimate(), known[name]) for name in known}
            own, few = judge_changes(record.label, pairs, statistics, tolerances)
            changes += own
            found += few
            if any(after.training_error is None for name, (_, after) in pairs.items() if name.startswith("privacy")):
                notes.append(
                    f"{record.label}: one training; how much another one would change is in no interval, "
                    "so the tolerance has to cover it."
                )
        obstacles += found
    return Judgement(tuple(changes), tuple(obstacles), tuple(notes))


def judge_changes(
    run: str,
    pairs: Mapping[str, tuple[Estimate, Estimate]],
    statistics: StatisticsSection,
    tolerances: Tolerances,
) -> tuple[list[Change], list[str]]:
    """The change of every figure from before to after, and what keeps one from being judged.

    The intervals share the confidence among the figures (Bonferroni), so that the chance of a false alarm in any
    of them is at most 1 - confidence.
    """
    shared = 1 - (1 - statistics.confidence) / max(1, len(pairs))
    each = statistics.model_copy(update={"confidence": shared})
    changes, obstacles = [], []
    for name, (before, after) in pairs.items():
        difference = after.minus(before)
        interval, tolerance = difference.interval(each), tolerances.of(name)
        if interval is None or difference.effective < tolerances.patients:
            obstacles.append(
                f"{run}: {name} rests on {difference.effective:.0f} effective patients, fewer than "
                f"{tolerances.patients:g}, too few to judge a change"
            )
            continue
        what = _what_happened(name, interval, tolerance)
        harm = -difference.value if name.startswith("utility/") else abs(difference.value)
        p_value = _p_value(harm - tolerance, difference)
        measured = (
            f"{before.value:.3f} → {after.value:.3f}, change {difference.value:+.3f} "
            f"[{interval.low:+.3f}, {interval.high:+.3f}] at {shared:.1%}, tolerance {tolerance:g}, p = {p_value:.2g}"
        )
        changes.append(
            Change(
                run=run,
                figure=name,
                verdict="regression" if what else "pass",
                before=before.value,
                after=after.value,
                change=difference.value,
                interval=interval,
                tolerance=tolerance,
                p_value=p_value,
                detectable=tolerance + difference.detectable(confidence=shared),
                message=f"{what or 'within the tolerance'}: {measured}",
            )
        )
    return changes, obstacles


def _what_happened(name: str, interval: Interval, tolerance: float) -> str | None:
    """The regression that the interval proves; None where it proves none."""
    if name.startswith("utility/"):
        return "worse utility" if interval.high < -tolerance else None
    if interval.low > tolerance:
        return "worse privacy"
    return "suspiciously better privacy, check that the attack still works" if interval.high < -tolerance else None


def _p_value(excess: float, difference: Estimate) -> float:
    """One-sided, that the true excess is not above zero."""
    error = difference.standard_error
    return float(stats.t.sf(excess / error, max(difference.effective - 1, 1))) if error > 0 else float(excess <= 0)


def _obstacles(record: RunRecord, before: BaselineRun | None, baseline: Baseline) -> list[str]:
    """Why the run cannot be judged; nothing where it can."""
    if record.fingerprint != baseline.fingerprint:
        told = differences(
            baseline.terms, terms_of(record.terms, record.protocol), (baseline.data_digest, record.data_digest)
        )
        named = "; ".join(told[:3]) or "the version of privbench"
        return [f"{record.label}: another fingerprint than the baseline's ({named}): make the baseline anew"]
    if before is None:
        return [f"{record.label}: the baseline holds {', '.join(run.label for run in baseline.runs)} and not this run"]
    if not record.certified:
        worst = record.worst_case
        return [f"{record.label}: its attack is {worst.verdict}, so its privacy figures prove nothing ({worst.reason})"]
    return []
