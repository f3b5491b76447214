"""A run's result as tables for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..record.attack import AttackResult, InferenceResult
from ..record.run import RunRecord
from ..record.utility import Change
from .figures import NOTHING, change_text, digits_for, with_interval
from .notes import conditions
from .utility import measure_name


def print_summary(record: RunRecord, console: Console) -> None:
    """Prints what the run found; what is not proven comes first, what warns comes last."""
    if record.doubt:
        console.print(f"[bold red]{escape(record.doubt)}[/]", highlight=False)
    console.print(_headline(record))
    console.print(_utility(record))
    console.print(conditions([record]), highlight=False, style="dim", markup=False)
    for warning in record.warnings:
        console.print(f"! {warning}.", highlight=False, style="yellow", markup=False)


def _headline(record: RunRecord) -> Table:
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
        f"[bold]utility: mean {escape(utility.name)} AUC ↑[/]",
        f"[bold]{escape(with_interval(utility.mean_auc, utility.interval))}[/]",
        f"{utility.mode}, {utility.counts.images} images of {utility.counts.patients} patients, "
        f"{len(utility.mean_over)} findings",
    )
    return table


def _utility(record: RunRecord) -> Table:
    """Every task in every mode; of what is measured, that of which more is better or worse."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("utility")
    for heading in (f"value [{record.utility.interval.confidence:.0%} interval]", "originals", "change"):
        table.add_column(escape(heading), no_wrap=True)
    table.add_row("mean AUC of findings ↑")
    for result in record.utilities:
        mean = with_interval(result.mean_auc, result.interval)
        table.add_row(f"  {escape(result.label)}", escape(mean), *_beside(result.original, result.change))
    told = [one for one in record.measurements if one.more_is_better is not None]
    for label in dict.fromkeys(one.label for one in told):
        table.add_row(escape(label))
        for one in (one for one in told if one.label == label):
            digits = digits_for(one.value, one.interval)
            value = escape(with_interval(one.value, one.interval, digits))
            table.add_row(f"  {escape(measure_name(one))}", value, *_beside(one.original, one.change, digits))
    return table


def _beside(original: float | None, change: Change | None, digits: int = 3) -> tuple[str, str]:
    """The figure of originals and the change, bold where it is sure."""
    span = None if change is None else change.interval
    sure = span is not None and not span.low <= 0 <= span.high
    told = escape(change_text(change, digits))
    return NOTHING if original is None else f"{original:.{digits}f}", f"[bold]{told}[/]" if sure else told


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
