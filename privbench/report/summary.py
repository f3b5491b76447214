"""A run's result as a table for the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..results import AttackResult, InferenceResult, RunRecord
from .leaderboard import footnote, with_interval


def print_summary(record: RunRecord, console: Console) -> None:
    """Prints what the run found; what is not proven comes first."""
    if record.doubt:
        console.print(f"[bold red]{escape(record.doubt)}[/]", highlight=False)
    worst, utility = record.worst_case, record.utility
    table = Table(title=escape(f"{record.label} — protocol {record.protocol['name']}"), title_justify="left")
    table.add_column("measure")
    table.add_column(escape(f"value [{worst.interval.confidence:.0%} interval]"))
    table.add_column("from")
    found = next(attack for attack in record.attacks if attack.label == worst.label)
    counts = found.counts
    table.add_row(
        "[bold]privacy, worst case: verification AUC ↓[/]",
        f"[bold]{escape(with_interval(worst.verification_auc, worst.interval))}[/]",
        f"{worst.label}, {counts.pairs} pairs of {counts.patients} patients",
    )
    for attack in record.attacks:
        table.add_row(
            f"  {attack.label}", escape(with_interval(attack.verification_auc, attack.interval)), _proof(attack)
        )
    if found.retrieval is not None:
        table.add_row(
            "patients found at rank 1 ↓",
            f"{found.retrieval.rank_1:.3f}",
            f"{found.label}, {found.retrieval.probes} probes in a gallery of {found.retrieval.gallery}",
        )
    for inference in record.inferences:
        table.add_row(*map(escape, _inference(inference)))
    table.add_row(
        f"utility: mean {utility.name} AUC ↑",
        escape(with_interval(utility.mean_auc, utility.interval)),
        f"{utility.counts.images} images of {utility.counts.patients} patients, "
        f"{len(utility.findings) - len(utility.left_out)} findings",
    )
    console.print(table)
    console.print(footnote([record]), highlight=False, style="dim", markup=False)


def _proof(attack: AttackResult) -> str:
    seeds = f", ± {attack.seed_std:.3f} over {len(attack.seed_aucs)} seeds" if attack.seed_std is not None else ""
    if attack.certificate is None:
        return f"needs no training{seeds}"
    return f"{attack.certificate.verdict}: {attack.certificate.control_auc:.3f} on originals{seeds}"


def _inference(result: InferenceResult) -> tuple[str, str, str]:
    arrow, unit = (
        ("AUC ↓", "") if result.metric == "auc" else ("mean error ↑", " years" if result.attribute == "age" else "")
    )
    return (
        f"{result.attribute} read off: {arrow}",
        f"{with_interval(result.value, result.interval)}{unit}",
        f"{result.name} ({result.scenario}); originals {result.original:.3f}, a guess {result.base_rate:.3f}",
    )
