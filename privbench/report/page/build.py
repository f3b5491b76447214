"""Builds the report: reads the runs, draws, writes the page, and puts the folder in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ...base.errors import PrivbenchError
from ...judging.ranking import Board, Entry, make_boards
from ...record.run import RunRecord
from ..marked import marked_folder
from ..notes import apart, conditions, doubts_about, warnings_of
from ..plain_words import in_plain_words
from ..plots.finding_panels import names_of_findings
from ..table import Table
from ..tables import attacks, manifest, utility
from ..tables.areas import areas_table, why_no_areas
from ..tables.budget import budget_table
from ..tables.copies import copies_table
from ..tables.leaderboard import leaderboard
from ..tables.unpaired import not_judged
from .example_pictures import BoardPictures, make_pictures
from .frame import HERE, TEMPLATES, frame, templates_of
from .plotter import Plot, Plotter
from .runs import ReportedRun, budget_points, reported_runs, split_shared, training_curves

PAGE = "index.html"
MARKER = "privbench-report.json"
"""The file by which a folder is known as a report, which may be replaced by another one."""


@dataclass(frozen=True)
class Section:
    """All that the page shows of the runs of one fingerprint. Plots come with the tables that hold their figures.

    `words` are each run in plain ones. `unjudged` tells why privacy was not judged, in a clause; then there is no
    trade-off, and nothing of attacks.
    """

    slug: str
    title: str
    about: str
    fingerprint: str
    unjudged: str | None
    doubts: Sequence[str]
    words: Sequence[tuple[str, Sequence[str]]]
    warnings: Sequence[str]
    conditions: str
    leaderboard: Table
    areas: Table | None
    why_no_areas: Sequence[str]
    tradeoff: Plot | None
    verification: tuple[Sequence[Plot], Table] | None
    retrieval: tuple[Plot, Table] | None
    risk: Table | None
    not_judged: Table | None
    copies: Table | None
    utility: Sequence[Table]
    groups: Table | None
    findings: tuple[Plot, Table] | None
    left_out: Sequence[str]
    budgets: Sequence[tuple[Plot, Table]]
    pictures: BoardPictures | None
    withheld: bool
    runs: Sequence[RunPart]
    training: Plot | None
    protocol: Table
    description: str


@dataclass(frozen=True)
class RunPart:
    """A run's own part of the page."""

    run: ReportedRun
    tables: Sequence[Table]
    training: Plot | None
    manifest: Sequence[Table]


def build_report(entries: Sequence[Entry], out: Path, store: Path | None = None) -> None:
    """Writes the report of those runs into a folder, which appears when it is finished, and not before.

    Originals that may be of people are shown where a store is given, the folder of cached stages that holds them.

    Raises PrivbenchError where a run's files cannot be shown, or where something is in the way that is no report.
    """
    if not entries:
        raise PrivbenchError("There is no run to report: name run folders, or folders of run folders.")
    distinct = {entry.folder.resolve(): entry for entry in entries}
    with marked_folder(out, MARKER, "report") as folder:
        boards = make_boards(list(distinct.values()))
        plotter = Plotter(folder)
        sections = [
            _section(board, f"b{number}", plotter, folder, len(board.standings) / len(distinct), store)
            for number, board in enumerate(boards, start=1)
        ]
        (folder / PAGE).write_bytes(_page(sections, apart(boards)).encode("utf-8", "replace"))


def _section(board: Board, slug: str, plotter: Plotter, folder: Path, share: float, store: Path | None) -> Section:
    runs = reported_runs(board, slug)
    first = runs[0].record
    named = [(run.name, run.record) for run in runs]
    data, unpaired, judged = first.protocol["data"], first.unpaired is not None, board.unjudged is None
    title = f"{data['dataset']}, {data['size']} px, protocol {first.protocol['name']}"
    headlines = [utility for run in runs for utility in run.record.utilities[:1]]
    names = names_of_findings([utility.findings for utility in headlines])
    curves, table = (plotter.retrieval(runs, slug), attacks.retrieval(named)) if judged else (None, None)
    shared, trained = split_shared([training_curves(run) for run in runs])
    budgets = [(plot, budget_table(points, "Budget of the attacker")) for run in runs
               if (plot := plotter.budget(run)) and (points := budget_points(run)) is not None]  # fmt: skip
    return Section(
        slug=slug,
        title=title,
        about=f"{_counted(len(runs))}, {_beside(first)}",
        fingerprint=board.fingerprint,
        unjudged=board.unjudged,
        doubts=doubts_about(board),
        words=[(name, in_plain_words(run)) for name, run in named],
        warnings=warnings_of(named),
        conditions=conditions(board.records),
        leaderboard=leaderboard(board),
        areas=areas_table(board),
        why_no_areas=why_no_areas(board),
        tradeoff=plotter.tradeoff([run.series for run in runs], board.standings, slug)
        if headlines and judged
        else None,
        verification=(plotter.verification(runs, slug), attacks.verification(named)) if judged else None,
        retrieval=(curves, table) if curves and table else None,
        risk=attacks.risk(named) if judged else None,
        not_judged=not_judged() if unpaired else None,
        copies=copies_table(named),
        utility=_known(utility.overview(named), utility.gaps(named), utility.measurements(named)),
        groups=utility.groups(named),
        findings=(plotter.findings(runs, names, slug), utility.findings_side_by_side(named, names)) if names else None,
        left_out=list(dict.fromkeys(name for utility in headlines for name in utility.left_out)),
        budgets=budgets,
        pictures=None if unpaired else make_pictures(runs, folder, share, store),
        withheld=store is None and not all(run.record.public for run in runs),
        runs=[_part(run, own, plotter) for run, own in zip(runs, trained, strict=True)],
        training=plotter.training(shared, slug, "what all runs share"),
        protocol=manifest.protocol(first),
        description=first.protocol.get("description", ""),
    )


def _beside(record: RunRecord) -> str:
    """What its figures are of."""
    if record.unpaired is not None:
        copies = record.unpaired.copies
        return f"unpaired, beside {copies.originals} originals of {copies.original_patients} patients"
    counts = record.counts
    return (
        f"{counts.pairs} test pairs of {counts.patients} patients" if record.attacks else f"{counts.images} test images"
    )


def _part(run: ReportedRun, curves: pd.DataFrame, plotter: Plotter) -> RunPart:
    return RunPart(
        run,
        _known(
            *(_attacks(run.record) if run.record.unjudged is None else []),
            utility.findings([(run.name, run.record)]),
        ),
        plotter.training(curves, run.slug, run.name),
        manifest.manifest(run.record),
    )


def _attacks(record: RunRecord) -> list[Table | None]:
    return [attacks.attacks(record), attacks.by_images(record), attacks.inferences(record)]


def _known(*found: Table | None) -> list[Table]:
    return [table for table in found if table is not None]


def _counted(runs: int) -> str:
    return f"{runs} run" if runs == 1 else f"{runs} runs"


def _page(sections: Sequence[Section], why_apart: Sequence[str]) -> str:
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return (
        templates_of(TEMPLATES)
        .get_template("index.html.j2")
        .render(
            sections=sections,
            why_apart=why_apart,
            number=_counted(sum(len(section.runs) for section in sections)),
            **frame(style, script),
        )
    )
