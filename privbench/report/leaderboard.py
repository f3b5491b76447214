"""The leaderboard: runs side by side, a table for each fingerprint; what is not proven says so, and has no rank."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..judging.ranking import Board, Standing
from ..protocols.modes import MODES, Mode
from ..protocols.scenarios import SCENARIOS
from ..record.attack import AttackResult
from ..record.run import RunRecord
from ..record.utility import UtilityResult
from .figures import with_interval
from .notes import apart, doubts_about, footnote, heading

SURELY_ON_FRONT = 0.95
"""Share of resamples from which a run counts as on the Pareto front."""
NEVER_ON_FRONT = 0.05


def headings(board: Board) -> tuple[str, ...]:
    """The columns: what is proven, the ranks, the worst case, the strongest attack of each scenario, the utility."""
    scenarios = [f"{scenario} ↓" for scenario in scenarios_of(board.records)]
    modes = [f"{mode} ↑" for mode in further_modes(board.records)]
    return (
        "anonymizer", "attack proven", "privacy rank", "utility rank", "worst case AUC ↓", "by", *scenarios,
        f"{board.records[0].utility.name} AUC ↑", *modes, "Pareto front",
    )  # fmt: skip


def scenarios_of(runs: Sequence[RunRecord]) -> list[str]:
    """The scenarios that any of the runs was attacked in, from the attacker who knows least."""
    seen = {attack.scenario for run in runs for attack in run.attacks}
    return [scenario for scenario in SCENARIOS if scenario in seen]


def strongest(run: RunRecord, scenario: str) -> AttackResult | None:
    """The attack that did best on validation pairs in a scenario; None where there is none."""
    attacks = [attack for attack in run.attacks if attack.scenario == scenario]
    return max(attacks, key=lambda attack: attack.validation_auc or 0.0, default=None)


def further_modes(runs: Sequence[RunRecord]) -> list[Mode]:
    """The modes beside the headline's in which any of the runs was judged by the headline's task."""
    seen = {result.mode for run in runs for result in run.utilities if result.name == run.utility.name}
    return [mode for mode in MODES if mode in seen - {runs[0].utility.mode}]


def in_mode(run: RunRecord, mode: Mode) -> UtilityResult | None:
    """How the headline's task reads findings in a mode; None where it was not asked to."""
    found = (result for result in run.utilities if (result.name, result.mode) == (run.utility.name, mode))
    return next(found, None)


def readable_rows(board: Board) -> list[tuple[str, ...]]:
    """The rows under the headings as people read them: AUCs with their intervals, ranks as intervals."""
    scenarios, modes = scenarios_of(board.records), further_modes(board.records)
    rows = []
    for standing in board.standings:
        run = standing.entry.record
        worst = run.worst_case
        cells = [strongest(run, scenario) for scenario in scenarios]
        others = [in_mode(run, mode) for mode in modes]
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
                *("–" if other is None else f"{other.mean_auc:.3f}" for other in others),
                front_text(standing),
            )
        )
    return rows


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
    headline, counts = run.utility, run.attacks[0].counts
    row |= {
        f"{headline.name}_auc": headline.mean_auc,
        f"{headline.name}_low": headline.interval.low,
        f"{headline.name}_high": headline.interval.high,
    }
    for result in run.utilities:
        row |= {f"{result.label} auc": result.mean_auc, f"{result.label} change": result.change and result.change.value}
    row |= {f"{measured.label} {measured.measure}": measured.value for measured in run.measurements}
    return row | {
        "test_patients": counts.patients,
        "effective_patients": counts.effective_patients,
        "test_pairs": counts.pairs,
        "warnings": "; ".join(run.warnings),
    }
