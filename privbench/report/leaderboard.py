"""The leaderboard: runs side by side, a table for each fingerprint; what is not proven says so, and has no rank."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..ranking import Board, Standing
from ..results import AttackResult, Interval, RunRecord
from ..scenarios import SCENARIOS
from ..terms import differences_of

SURELY_ON_FRONT = 0.95
"""Share of resamples from which a run counts as on the Pareto front."""
NEVER_ON_FRONT = 0.05


def headings(board: Board) -> tuple[str, ...]:
    """The columns: what is proven, the ranks, the worst case, the strongest attack of each scenario, the utility."""
    scenarios = [f"{scenario} ↓" for scenario in scenarios_of(board.records)]
    return (
        "anonymizer", "attack proven", "privacy rank", "utility rank", "worst case AUC ↓", "by", *scenarios,
        "classification AUC ↑", "Pareto front",
    )  # fmt: skip


def scenarios_of(runs: Sequence[RunRecord]) -> list[str]:
    """The scenarios that any of the runs was attacked in, from the attacker who knows least."""
    seen = {attack.scenario for run in runs for attack in run.attacks}
    return [scenario for scenario in SCENARIOS if scenario in seen]


def strongest(run: RunRecord, scenario: str) -> AttackResult | None:
    """The attack that did best on validation pairs in a scenario; None where there is none."""
    attacks = [attack for attack in run.attacks if attack.scenario == scenario]
    return max(attacks, key=lambda attack: attack.validation_auc or 0.0, default=None)


def readable_rows(board: Board) -> list[tuple[str, ...]]:
    """The rows under the headings as people read them: AUCs with their intervals, ranks as intervals."""
    scenarios = scenarios_of(board.records)
    rows = []
    for standing in board.standings:
        run = standing.entry.record
        worst = run.worst_case
        cells = [strongest(run, scenario) for scenario in scenarios]
        rows.append(
            (
                run.label,
                "yes" if run.certified else f"NO: {worst.verdict}",
                rank_text(standing.privacy_rank),
                rank_text(standing.utility_rank),
                with_interval(worst.verification_auc, worst.interval),
                worst.label,
                *("–" if cell is None else f"{cell.verification_auc:.3f}" for cell in cells),
                with_interval(run.utility.mean_auc, run.utility.interval),
                front_text(standing),
            )
        )
    return rows


def with_interval(value: float, interval: Interval) -> str:
    """Such as `0.812 [0.790, 0.835]`."""
    return f"{value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def rank_text(rank: tuple[int, int] | None) -> str:
    """Such as `2` or, where the data cannot tell, `2–4`."""
    if rank is None:
        return "–"
    low, high = rank
    return str(low) if low == high else f"{low}–{high}"


def front_text(standing: Standing) -> str:
    """On it, off it, or how often; and by whom it is surely dominated."""
    if standing.on_front is None:
        return "–"
    if standing.dominated_by is not None:
        return f"no: dominated by {standing.dominated_by}"
    if standing.on_front >= SURELY_ON_FRONT:
        return "yes"
    return "no" if standing.on_front <= NEVER_ON_FRONT else f"in {standing.on_front:.0%} of resamples"


def heading(board: Board) -> str:
    """What the runs of one table have in common."""
    first, runs = board.records[0], board.records
    data, counts = first.protocol["data"], first.attacks[0].counts
    effective = f" (effectively {counts.effective_patients:.0f})" if counts.effective_patients else ""
    return (
        f"{data['dataset']} {data['size']} px, protocol {first.protocol['name']}, attacks "
        f"{', '.join(dict.fromkeys(attack.label for run in runs for attack in run.attacks))}, "
        f"{counts.pairs} test pairs of {counts.patients} patients{effective}, fingerprint {board.fingerprint[:12]}"
    )


def apart(boards: Sequence[Board]) -> list[str]:
    """Why tables stand apart: what differs between the first one and each of the others."""
    if len(boards) < 2:
        return []
    first = boards[0].records[0]
    told = []
    for board in boards[1:]:
        other = board.records[0]
        fields = differences_of(first, other)
        shown = "; ".join(fields[:5]) + (f" and {len(fields) - 5} more" if len(fields) > 5 else "")
        told.append(
            f"Fingerprint {other.fingerprint[:12]} shares no table with {first.fingerprint[:12]}: "
            f"{shown or 'made by other versions of privbench'}."
        )
    return told


def as_markdown(boards: Sequence[Board]) -> str:
    """All tables in Markdown, each with its heading, what is not proven, and the intervals' kind below."""
    parts = []
    for board in boards:
        columns = headings(board)
        lines = [columns, tuple("---" for _ in columns), *readable_rows(board)]
        table = "\n".join(map(markdown_row, lines))
        doubts = "".join(f"**{doubt}**\n\n" for doubt in doubts_about(board))
        parts.append(f"{heading(board)}\n\n{doubts}{table}\n\n{footnote(board.records)}\n")
    return "\n".join([*parts, *(f"{line}\n" for line in apart(boards))])


def markdown_row(cells: Sequence[str]) -> str:
    """A row of a Markdown table; what would end a cell is escaped."""
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def as_html(boards: Sequence[Board]) -> str:
    """All tables as a piece of HTML, for a page of one's own; the report is the page that privbench makes."""
    parts = []
    for board in boards:
        doubts = "".join(f"<p><strong>{html.escape(doubt)}</strong></p>\n" for doubt in doubts_about(board))
        head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in headings(board))
        body = ""
        for first, *others in readable_rows(board):
            cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in others)
            body += f'<tr><th scope="row">{html.escape(first)}</th>{cells}</tr>\n'
        parts.append(
            f"<section>\n{doubts}<table>\n<caption>{html.escape(heading(board))}</caption>\n"
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"
            f"<p>{html.escape(footnote(board.records))}</p>\n</section>\n"
        )
    return "".join([*parts, *(f"<p>{html.escape(line)}</p>\n" for line in apart(boards))])


def doubts_about(board: Board) -> list[str]:
    """What has to be said before any figure of the table."""
    return [run.doubt for run in board.records if run.doubt]


def intervals_text(runs: Sequence[RunRecord]) -> str:
    """What kind of intervals the runs' worst cases have; of several kinds, all of them."""
    intervals = [run.worst_case.interval for run in runs]
    methods = "; or ".join(dict.fromkeys(interval.method for interval in intervals))
    return f"{intervals[0].confidence:.0%} intervals, {methods}, {intervals[0].resamples} resamples."


def footnote(runs: Sequence[RunRecord]) -> str:
    """How the worst case was chosen, how intervals and ranks were made, and every warning of the runs."""
    note = f"Worst case: the attack that did best on validation pairs, on test pairs. Brackets: {intervals_text(runs)}"
    if len(runs) > 1:
        note += " Ranks: from the best to the worst that the paired differences of all certified runs allow at once."
    warned: dict[str, list[str]] = {}
    for run in runs:
        for warning in run.warnings:
            warned.setdefault(warning, []).append(run.label)
    everyone = len(runs) if len(runs) > 1 else 0  # what is true of all of a table's runs is said once
    told = [f"{'all' if len(who) == everyone else ', '.join(who)}: {warning}." for warning, who in warned.items()]
    return " ".join([note, *told])


def as_frame(boards: Sequence[Board]) -> pd.DataFrame:
    """Every figure in a column of its own; for CSV and JSON, where the fingerprint tells the tables apart."""
    return pd.DataFrame([_figures(standing) for board in boards for standing in board.standings])


def _figures(standing: Standing) -> dict[str, Any]:
    run = standing.entry.record
    worst = run.worst_case
    privacy, utility = standing.privacy_rank or (None, None), standing.utility_rank or (None, None)
    row: dict[str, Any] = {
        "fingerprint": run.fingerprint,
        "protocol": run.protocol["name"],
        "anonymizer": run.label,
        "verdict": worst.verdict,
        "privacy_rank_best": privacy[0],
        "privacy_rank_worst": privacy[1],
        "utility_rank_best": utility[0],
        "utility_rank_worst": utility[1],
        "on_front": standing.on_front,
        "dominated_by": standing.dominated_by,
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
    counts = run.attacks[0].counts
    return row | {
        "classification_auc": run.utility.mean_auc,
        "classification_low": run.utility.interval.low,
        "classification_high": run.utility.interval.high,
        "test_patients": counts.patients,
        "effective_patients": counts.effective_patients,
        "test_pairs": counts.pairs,
        "warnings": "; ".join(run.warnings),
    }
