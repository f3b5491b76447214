"""The leaderboard on a terminal: what fits beside one another, the strongest attack below its figure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..ranking import Board
from .leaderboard import apart, doubts_about, footnote, front_text, heading, rank_text, with_interval


def print_boards(boards: Sequence[Board], console: Console) -> None:
    """Prints all tables; what is not proven comes first, why tables stand apart comes last."""
    for board in boards:
        for doubt in doubts_about(board):
            console.print(f"[bold red]{escape(doubt)}[/]", highlight=False)
        console.print(heading(board), style="italic", highlight=False, markup=False)
        console.print(_table(board))
        console.print(footnote(board.records), style="dim", highlight=False, markup=False)
    for line in apart(boards):
        console.print(line, highlight=False, markup=False)


def _table(board: Board) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("anonymizer", min_width=11)
    table.add_column("worst case AUC ↓", no_wrap=True)
    table.add_column("rank", no_wrap=True)
    table.add_column("classification ↑", no_wrap=True)
    table.add_column("rank", no_wrap=True)
    table.add_column("Pareto front")
    for standing in board.standings:
        run = standing.entry.record
        worst, utility = run.worst_case, run.utility
        proof = "" if run.certified else f"\n[bold red]attack {worst.verdict}[/]"
        table.add_row(
            f"{escape(run.label)}{proof}",
            f"{escape(with_interval(worst.verification_auc, worst.interval))}\n[dim]{escape(worst.label)}[/]",
            rank_text(standing.privacy_rank),
            escape(with_interval(utility.mean_auc, utility.interval)),
            rank_text(standing.utility_rank),
            escape(front_text(standing)),
        )
    return table
