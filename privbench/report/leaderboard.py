"""The leaderboard: runs side by side, a table for each fingerprint; what is not proven says so, and ranks last."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..interfaces import SCENARIOS
from ..results import VERDICTS, AttackResult, Interval, RunRecord


def group_by_fingerprint(runs: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """The runs that may stand in one table: certified ones first, among them the most private first.

    A run whose attack is not proven to be trained is never ranked above one whose attack is. Other fingerprints
    make other tables.
    """

    def rank(run: RunRecord) -> tuple[int, float, float]:
        worst = run.worst_case
        return VERDICTS.index(worst.verdict), worst.verification_auc, -run.utility.mean_auc

    groups: dict[str, list[RunRecord]] = {}
    for run in sorted(runs, key=rank):
        groups.setdefault(run.fingerprint, []).append(run)
    return groups


def headings(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """The columns: the worst case, then the strongest attack of each scenario."""
    scenarios = [f"{scenario} ↓" for scenario in scenarios_of(runs)]
    return ("anonymizer", "attack proven", "worst case AUC ↓", "by", *scenarios, "classification AUC ↑")


def scenarios_of(runs: Sequence[RunRecord]) -> list[str]:
    """The scenarios that any of the runs was attacked in, from the attacker who knows least."""
    seen = {attack.scenario for run in runs for attack in run.attacks}
    return [scenario for scenario in SCENARIOS if scenario in seen]


def strongest(run: RunRecord, scenario: str) -> AttackResult | None:
    """The attack that did best on validation pairs in a scenario; None where there is none."""
    attacks = [attack for attack in run.attacks if attack.scenario == scenario]
    return max(attacks, key=lambda attack: attack.validation_auc, default=None)


def readable_rows(runs: Sequence[RunRecord]) -> list[tuple[str, ...]]:
    """The rows under the headings as people read them: AUCs with their intervals."""
    scenarios = scenarios_of(runs)
    rows = []
    for run in runs:
        worst = run.worst_case
        cells = [strongest(run, scenario) for scenario in scenarios]
        rows.append(
            (
                run.label,
                "yes" if run.certified else f"NO: {worst.verdict}",
                with_interval(worst.verification_auc, worst.interval),
                worst.label,
                *("–" if cell is None else f"{cell.verification_auc:.3f}" for cell in cells),
                with_interval(run.utility.mean_auc, run.utility.interval),
            )
        )
    return rows


def with_interval(value: float, interval: Interval) -> str:
    """Such as `0.812 [0.790, 0.835]`."""
    return f"{value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def heading(runs: Sequence[RunRecord]) -> str:
    """What the runs of one table have in common."""
    first = runs[0]
    data, counts = first.protocol["data"], first.attacks[0].counts
    return (
        f"{data['dataset']} {data['size']} px, protocol {first.protocol['name']}, attacks "
        f"{', '.join(dict.fromkeys(attack.label for run in runs for attack in run.attacks))}, "
        f"{counts.pairs} test pairs of {counts.patients} patients, fingerprint {first.fingerprint[:12]}"
    )


def as_markdown(runs: Sequence[RunRecord]) -> str:
    """One table in Markdown, with its heading, what is not proven, and the intervals' kind below."""
    columns = headings(runs)
    lines = [columns, tuple("---" for _ in columns), *readable_rows(runs)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    doubts = "".join(f"**{doubt}**\n\n" for run in runs if (doubt := doubt_about(run)))
    return f"{heading(runs)}\n\n{doubts}{table}\n\n{footnote(runs)}\n"


def doubt_about(run: RunRecord) -> str | None:
    """What has to be said before any figure of the run; None where its attack is certified."""
    if run.certified:
        return None
    worst = run.worst_case
    return f"{run.label}: the attack is {worst.verdict}, so a low figure is no evidence of privacy ({worst.reason})."


def footnote(runs: Sequence[RunRecord]) -> str:
    """How the worst case was chosen, how the intervals were made, and every warning of the runs."""
    interval = runs[0].worst_case.interval
    note = (
        "Worst case: the attack that did best on validation pairs, on test pairs. "
        f"Intervals: {interval.confidence:.0%}, {interval.method}, {interval.resamples} resamples."
    )
    warned: dict[str, list[str]] = {}
    for run in runs:
        for warning in run.warnings:
            warned.setdefault(warning, []).append(run.label)
    everyone = len(runs) if len(runs) > 1 else 0  # what is true of all of a table's runs is said once
    told = [f"{'all' if len(who) == everyone else ', '.join(who)}: {warning}." for warning, who in warned.items()]
    return " ".join([note, *told])


def as_frame(runs: Sequence[RunRecord]) -> pd.DataFrame:
    """Every figure in a column of its own; for CSV, where the fingerprint tells the tables apart."""
    return pd.DataFrame([_figures(run) for run in runs])


def _figures(run: RunRecord) -> dict[str, object]:
    worst = run.worst_case
    row: dict[str, object] = {
        "fingerprint": run.fingerprint,
        "protocol": run.protocol["name"],
        "anonymizer": run.label,
        "verdict": worst.verdict,
        "worst_case_attack": worst.attack,
        "worst_case_scenario": worst.scenario,
        "worst_case_auc": worst.verification_auc,
        "worst_case_low": worst.interval.low,
        "worst_case_high": worst.interval.high,
    }
    for attack in run.attacks:
        row |= {
            f"{attack.label} auc": attack.verification_auc,
            f"{attack.label} seed_std": attack.seed_std,
            f"{attack.label} rank_1": attack.retrieval.rank_1 if attack.retrieval else None,
            f"{attack.label} verdict": attack.certificate.verdict if attack.certificate else "untrained",
        }
    return row | {
        "classification_auc": run.utility.mean_auc,
        "classification_low": run.utility.interval.low,
        "classification_high": run.utility.interval.high,
        "test_patients": run.attacks[0].counts.patients,
        "test_pairs": run.attacks[0].counts.pairs,
        "warnings": "; ".join(run.warnings),
    }
