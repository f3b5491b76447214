"""The tables of figures: the leaderboard and what stands beside the plots."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ...record.attack import AttackResult
from ..figures import ARROWS
from ..leaderboard import further_modes, in_mode, rank_text, scenarios_of, strongest
from ..utility import FEW_NOTE, MODE_NOTES, positives
from .runs import BUDGET_COLUMNS, Shown
from .table import NOTHING, Cell, Column, Rows, Table, number, text, with_interval


def leaderboard(runs: Sequence[Shown], caption: str) -> Table:
    """One row a run; those whose attack is not certified stay below the others, however the table is sorted."""
    records = [run.record for run in runs]
    scenarios, modes, headline = scenarios_of(records), further_modes(records), records[0].utility
    columns = [
        Column("anonymizer", number=False),
        Column("attack proven", number=False, note="whether the attack is certified: proven to be trained"),
        Column("privacy rank", note="the best and the worst rank that the data allow"),
        Column("worst-case AUC ↓", note="verification AUC of the attack that did best on validation pairs"),
        Column("utility rank", note="the best and the worst rank that the data allow"),
        Column(f"{headline.name} AUC ↑", note=f"mean over the findings, {headline.mode}: {MODE_NOTES[headline.mode]}"),
        *(Column(f"{mode} ↑", note=f"the same, {MODE_NOTES[mode]}") for mode in modes),
        Column(
            "on the front",
            note="share of resamples in which no other certified run is at least as good in both and better in one",
        ),
        Column("surely beaten by", number=False, note="a run that is surely better in privacy and utility"),
        Column("worst case by", number=False, note="the attack of the worst case"),
        Column("found at rank 1 ↓", note="share of probes whose patient the worst-case attack ranks first"),
        *(Column(f"{scenario} ↓", note="AUC of the strongest attack in this scenario") for scenario in scenarios),
    ]

    def row(run: Shown) -> list[Cell]:
        record, standing, worst = run.record, run.standing, run.record.worst_case
        found = run.attack.retrieval
        strongest_ones = [strongest(record, scenario) for scenario in scenarios]
        return [
            text(run.name),
            Cell("certified") if record.certified else Cell(f"NOT PROVEN: {worst.verdict}", doubtful=True),
            _ranks(standing.privacy_rank),
            with_interval(worst.verification_auc, worst.interval),
            _ranks(standing.utility_rank),
            with_interval(record.utility.mean_auc, record.utility.interval),
            *(number(other.mean_auc if other else None) for other in (in_mode(record, mode) for mode in modes)),
            Cell(NOTHING) if standing.on_front is None else Cell(f"{standing.on_front:.0%}", standing.on_front),
            text(standing.dominated_by or NOTHING),
            text(worst.label),
            number(found.rank_1 if found else None),
            *(number(best.verification_auc if best else None) for best in strongest_ones),
        ]

    proven = [row(run) for run in runs if run.record.certified]
    rest = [row(run) for run in runs if not run.record.certified]
    groups = [Rows(proven)] if proven else []
    if rest:
        groups.append(
            Rows(rest, "Not ranked, because the attack is not proven: a low figure is no evidence of privacy")
        )
    return Table(caption, columns, groups, sortable=True, kind="leaderboard")


def _ranks(interval: tuple[int, int] | None) -> Cell:
    return Cell(rank_text(interval), None if interval is None else interval[0] + interval[1] / 1000)


def verification(runs: Sequence[Shown]) -> Table:
    """What the worst-case attacks' scores of pairs say; thresholds are fixed on validation pairs."""
    columns, cells = _figures(runs, "verification")
    rows = [[text(run.name), text(run.attack.label), *own] for run, own in zip(runs, cells, strict=True)]
    heads = [Column("anonymizer", number=False), Column("attack", number=False)]
    return Table("Verification by the worst-case attack", [*heads, *columns], [Rows(rows)], sortable=True)


def retrieval(runs: Sequence[Shown]) -> Table | None:
    """How well the worst-case attacks find a patient in the gallery; None where none of them does."""
    heads = [Column("anonymizer", number=False), Column("attack", number=False), Column("rank 1 ↓")]
    columns, cells = _figures(runs, "retrieval")
    rows = []
    for run, own in zip(runs, cells, strict=True):
        if told := run.attack.retrieval:
            first = with_interval(told.rank_1, told.interval)
            counts = [Cell(str(count), count) for count in (told.probes, told.gallery)]
            rows.append([text(run.name), text(run.attack.label), first, *own, *counts])
    columns = [*heads, *columns, Column("probes"), Column("gallery")]
    return Table("Retrieval by the worst-case attack", columns, [Rows(rows)], sortable=True) if rows else None


def _figures(runs: Sequence[Shown], of: str) -> tuple[list[Column], list[list[Cell]]]:
    """A column for every figure of the worst-case attacks that has a value in some run, and each run's cells."""
    known = {(one.name, one.unit): one for run in runs for one in run.attack.figures
             if one.of == of and one.value is not None}  # fmt: skip
    columns = [
        Column(f"{one.name}{f', {one.unit}' if one.unit else ''}{ARROWS[one.more_is_private]}")
        for one in known.values()
    ]
    cells = []
    for run in runs:
        values = {(one.name, one.unit): one.value for one in run.attack.figures}
        cells.append([number(values.get(key)) for key in known])
    return columns, cells


def findings(runs: Sequence[Shown], names: Sequence[str]) -> Table:
    """The AUC of every finding, a column a run."""
    by_run = [{finding.name: finding for finding in run.record.utility.findings} for run in runs]
    columns = [Column("finding", number=False), Column("positives", note=FEW_NOTE), *(Column(run.name) for run in runs)]
    rows = []
    for name in names:
        cells = [
            with_interval(one.auc, one.interval) if one else Cell(NOTHING) for one in (r.get(name) for r in by_run)
        ]
        most = max((run[name] for run in by_run if name in run), key=lambda one: one.positives)
        rows.append([text(name.replace("_", " ")), positives(most), *cells])
    caption = f"AUC by finding, {runs[0].record.utility.label}"
    return Table(caption, columns, [Rows(rows)], sortable=True)


def attacks(run: Shown) -> Table:
    """Every attack of a run, in every scenario."""
    columns = [
        Column("attack", number=False),
        Column("proof", number=False),
        Column("AUC ↓"),
        Column("on originals", note="AUC of the same recipe on original images, from its certificate"),
        Column("on validation"),
        Column("spread of trainings", note="standard deviation over the attacker's trainings"),
        Column("rank 1 ↓"),
    ]

    def row(attack: AttackResult) -> list[Cell]:
        proof, found = attack.certificate, attack.retrieval
        verdict = "needs no training" if proof is None else proof.verdict
        return [
            text(attack.label),
            Cell(verdict, doubtful=proof is not None and proof.verdict != "certified"),
            with_interval(attack.verification_auc, attack.interval),
            number(proof.control_auc if proof else None),
            number(attack.validation_auc),
            number(attack.seed_std),
            number(found.rank_1 if found else None),
        ]

    return Table("Attacks", columns, [Rows([row(attack) for attack in run.record.attacks])], sortable=True)


def inferences(run: Shown) -> Table | None:
    """What is read off single images; None where no attack tried."""
    columns = [Column("attribute", number=False), Column("attack", number=False), Column("measure", number=False)]
    columns += [Column("value"), Column("on originals"), Column("a guess")]
    rows = [
        [text(one.attribute), text(f"{one.name} ({one.scenario})"),
         text("AUC ↓" if one.metric == "auc" else "mean error ↑"),
         with_interval(one.value, one.interval), number(one.original), number(one.base_rate)]
        for one in run.record.inferences
    ]  # fmt: skip
    return Table("Attributes read off single images", columns, [Rows(rows)]) if rows else None


def budget(frame: pd.DataFrame) -> Table:
    """The points of the budget curves."""
    columns = [Column("attacker's", number=False), Column("amount"), Column("share"), Column("AUC ↓")]
    columns += [Column("from"), Column("to"), Column("note", number=False)]
    rows = []
    for axis, *figures, rising in frame[list(BUDGET_COLUMNS)].itertuples(index=False):
        factor, amount, *rates = map(float, figures)
        note = Cell("still rising: not saturated", doubtful=True) if rising else Cell("")
        told = [Cell(f"{amount:g}", amount), Cell(f"{factor:g}", factor), *map(number, rates), note]
        rows.append([text(axis), *told])
    return Table("Budget of the attacker", columns, [Rows(rows)])
