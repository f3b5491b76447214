"""What the self-test found: whether hiding is told from removing, and what a trap takes from utility."""

from __future__ import annotations

from collections.abc import Sequence

from ...judging.selftest.judge import OPEN, SelfTestResult
from ...judging.selftest.useful import Useful
from ...metrics.roc import margin_kept
from ...record.run import RunRecord
from ..figures import NOTHING
from ..table import Cell, Column, Rows, Sheet, Table, number, text


def selftest_sheet(identity: RunRecord, sorting: Sequence[SelfTestResult], utility: Sequence[Useful]) -> Sheet:
    """Both tables below what `identity` reaches, and who is not sorted rightly."""
    worst = identity.judged
    wrong = [one.name for one in sorting if not one.sorted] + [one.name for one in utility if not one.sorted]
    return Sheet(
        f"identity: worst case {worst.verification_auc:.3f}, {worst.label}",
        [sorting_table(sorting), *([utility_table(utility)] if utility else [])],
        doubts=[identity.doubt] if identity.doubt else [],
        warnings=[f"Not sorted rightly: {', '.join(dict.fromkeys(wrong))}."] if wrong else [],
    )


def sorting_table(results: Sequence[SelfTestResult]) -> Table:
    """One row an anonymizer: what is true of it, and what the attacks say."""
    columns = [
        Column("anonymizer", number=False),
        Column("truth", number=False),
        Column("paper ↓", note="AUC of the paper's attack"),
        Column("worst case ↓"),
        Column("by", number=False),
        Column("margin kept", note="share of identity's margin above chance"),
        Column("verdict", number=False),
    ]
    rows = [
        [
            text(one.name),
            text((one.truth or NOTHING) + (", publishes copies" if one.copies else "")),
            number(one.paper_auc),
            number(one.worst_auc),
            text(one.by),
            number(one.margin, 2),
            _verdict(one, "" if one.certified or one.verdict == OPEN else " (not certified)"),
        ]
        for one in results
    ]
    return Table("Is hiding told from removing?", columns, [Rows(rows)])


def utility_table(results: Sequence[Useful]) -> Table:
    """One row a trap and mode of which the truth is known."""
    columns = [
        *(Column(title, number=False) for title in ("anonymizer", "mode", "truth")),
        Column("AUC ↑"),
        Column("originals"),
        Column("margin kept", note="share of the originals' margin above chance"),
        Column("surely worse", number=False, note="findings that are surely read worse than on originals"),
        Column("verdict", number=False),
    ]
    rows = [
        [
            text(one.name),
            text(one.mode),
            text(one.truth),
            number(one.auc),
            number(one.original),
            number(margin_kept(one.auc, one.original), 2),
            text(f"{len(one.lost)}, most {one.lost[0]}" if one.lost else NOTHING),
            _verdict(one),
        ]
        for one in results
    ]
    return Table("What a trap takes from utility, and what it leaves", columns, [Rows(rows)])


def _verdict(one: SelfTestResult | Useful, doubt: str = "") -> Cell:
    return Cell(f"{'' if one.sorted else 'WRONG: '}{one.verdict}{doubt}", doubtful=not one.sorted)
