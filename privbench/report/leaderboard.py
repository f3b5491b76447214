"""The leaderboard: runs side by side, a table for each fingerprint."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..results import Interval, RunRecord

HEADINGS = ("anonymizer", "verification AUC ↓", "± seeds", "classification AUC ↑")


def group_by_fingerprint(runs: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """The runs that may stand in one table, most private first. Other fingerprints make other tables."""
    groups: dict[str, list[RunRecord]] = {}
    for run in sorted(runs, key=lambda run: (run.attack.verification_auc, -run.utility.mean_auc)):
        groups.setdefault(run.fingerprint, []).append(run)
    return groups


def readable_rows(runs: Sequence[RunRecord]) -> list[tuple[str, ...]]:
    """The rows under HEADINGS as people read them: AUCs with their intervals, the spread over attacker seeds."""
    return [
        (
            run.label,
            with_interval(run.attack.verification_auc, run.attack.interval),
            "–" if run.attack.seed_std is None else f"{run.attack.seed_std:.3f}",
            with_interval(run.utility.mean_auc, run.utility.interval),
        )
        for run in runs
    ]


def with_interval(value: float, interval: Interval) -> str:
    """Such as `0.812 [0.790, 0.835]`."""
    return f"{value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def heading(runs: Sequence[RunRecord]) -> str:
    """What the runs of one table have in common."""
    first = runs[0]
    data = first.protocol["data"]
    return (
        f"{data['dataset']} {data['size']} px, protocol {first.protocol['name']}, attack {first.attack.name} "
        f"(train {first.attack.train}, test {first.attack.test}, {len(first.attack.seed_aucs)} seeds, "
        f"{first.attack.counts.pairs} test pairs of {first.attack.counts.patients} patients), "
        f"fingerprint {first.fingerprint[:12]}"
    )


def as_markdown(runs: Sequence[RunRecord]) -> str:
    """One table in Markdown, with its heading and the intervals' kind below."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *readable_rows(runs)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{heading(runs)}\n\n{table}\n\n{footnote(runs)}\n"


def footnote(runs: Sequence[RunRecord]) -> str:
    """How the intervals were made, and every warning of the runs."""
    interval = runs[0].attack.interval
    note = f"Intervals: {interval.confidence:.0%}, {interval.method}, {interval.resamples} resamples."
    warned = [f"{run.label}: {warning}." for run in runs for warning in run.warnings]
    return " ".join([note, *dict.fromkeys(warned)])


def as_frame(runs: Sequence[RunRecord]) -> pd.DataFrame:
    """Every figure in a column of its own; for CSV, where the fingerprint tells the tables apart."""
    return pd.DataFrame(
        [
            {
                "fingerprint": run.fingerprint,
                "protocol": run.protocol["name"],
                "anonymizer": run.label,
                "verification_auc": run.attack.verification_auc,
                "verification_low": run.attack.interval.low,
                "verification_high": run.attack.interval.high,
                "verification_seed_std": run.attack.seed_std,
                "seeds": len(run.attack.seed_aucs),
                "classification_auc": run.utility.mean_auc,
                "classification_low": run.utility.interval.low,
                "classification_high": run.utility.interval.high,
                "test_patients": run.attack.counts.patients,
                "test_pairs": run.attack.counts.pairs,
                "warnings": "; ".join(run.warnings),
            }
            for run in runs
        ]
    )
