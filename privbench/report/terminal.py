"""The leaderboard on a terminal: what fits beside one another, the rest below the figure that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..judging.ranking import Board
from .figures import with_interval
from .leaderboard import front_text, further_modes, in_mode, rank_text
from .notes import apart, conditions, doubts_about, heading, warnings_of


def print_boards(boards: Sequence[Board], console: Console) -> None:
    """Prints all tables; what is not proven comes first, why tables stand apart comes last."""
    for board in boards:
        for doubt in doubts_about(board):
            console.print(f"[bold red]{escape(doubt)}[/]", highlight=False)
        console.print(heading(board), style="italic", highlight=False, markup=False)
        console.print(_table(board))
        console.print(conditions(board.records), style="dim", highlight=False, markup=False)
        for warning in warnings_of([(run.label, run) for run in board.records]):
            console.print(warning, style="yellow", highlight=False, markup=False)
    for line in apart(boards):
        console.print(line, highlight=False, markup=False)


def _table(board: Board) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("anonymizer", min_width=11)
    table.add_column("worst case AUC ↓", no_wrap=True)
    table.add_column("rank", no_wrap=True)
    table.add_column(f"{escape(board.records[0].utility.name)} ↑", no_wrap=True)
    table.add_column("rank", no_wrap=True)
    table.add_column("Pareto front")
    modes = further_modes(board.records)
    for standing in board.standings:
        run = standing.entry.record
        worst, utility = run.worst_case, run.utility
        others = [(mode, other) for mode in modes if (other := in_mode(run, mode))]
        below = "".join(f"\n[dim]{mode} {other.mean_auc:.3f}[/]" for mode, other in others)
        proof = "" if run.certified else f"\n[bold red]attack {worst.verdict}[/]"
        table.add_row(
            f"{escape(run.label)}{proof}",
            f"{escape(with_interval(worst.verification_auc, worst.interval))}\n[dim]{escape(worst.label)}[/]",
            rank_text(standing.privacy_rank),
            escape(with_interval(utility.mean_auc, utility.interval)) + below,
            rank_text(standing.utility_rank),
            escape(front_text(standing)),
        )
    return table
