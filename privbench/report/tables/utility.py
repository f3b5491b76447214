"""The whole utility of runs as tables: by task and mode, by finding, by group, and what is measured in images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...metrics.detection import FEWEST_POSITIVES
from ...protocols.kinds import Kind
from ...protocols.modes import MODES
from ...record.run import RunRecord
from ...record.utility import FindingResult, GapResult, GroupResult, MeasurementResult, UtilityResult
from ..figures import NOTHING, digits_for, p_text, titled
from ..notes import Named
from ..table import Cell, Column, Rows, Table, change_of, count, estimate, number, text

Result = UtilityResult | MeasurementResult

FEW = FEWEST_POSITIVES
"""Below it, a figure is marked."""
FEW_NOTE = f"* of fewer than {FEW} positives or negatives, so that the figures say little"

_KINDS = {Kind.ORIGINAL: "original", Kind.ANONYMIZED: "anonymized"}
MODE_NOTES = {
    mode: f"trained on {_KINDS[images.train]} images, tested on {_KINDS[images.test]} ones"
    for mode, images in MODES.items()
}
_SURE = "bold where its interval leaves zero out"
_CHANGE = f"against the same task trained and tested on originals, of the same patients; {_SURE}"
_RUN = Column("anonymizer", number=False)
_WIDENED = {True: "yes", False: "narrowed", None: "cannot tell"}


def overview(runs: Sequence[Named]) -> Table | None:
    """One row a task and mode; of several runs one row a run, below the task and mode; None where nothing was read."""
    several = len(runs) > 1
    columns = [
        _RUN if several else Column("task", number=False),
        Column("mean AUC ↑", note="mean over the frequent findings and the trainings"),
        Column("originals", note="the same task trained and tested on originals"),
        Column("change", note=_CHANGE),
        Column("lost", note="findings that are surely read worse than on originals"),
    ]

    def row(title: str, result: UtilityResult) -> list[Cell]:
        lost = Cell(NOTHING) if result.lost is None else count(len(result.lost))
        mean = estimate(result.mean_auc, result.interval)
        return [text(title), mean, number(result.original), change_of(result.change), lost]

    below: dict[str | None, list[list[Cell]]] = {}
    for name, run in runs:
        for result in run.utilities:
            below.setdefault(_title(result) if several else None, []).append(
                row(name if several else result.label, result)
            )
    groups = [Rows(rows, title) for title, rows in below.items()]
    return Table("Findings read, by task and mode", columns, groups, sortable=True, kind="modes") if groups else None


def findings(runs: Sequence[Named]) -> Table | None:
    """Every finding of every task and mode; None where none was told."""
    columns = [
        Column("finding", number=False),
        Column("positives", note=FEW_NOTE),
        Column("AUC ↑"),
        Column("AP ↑", note="average precision; chance is the share of positives"),
        Column(
            "sens. ↑",
            note="sensitivity at the threshold of 95% specificity on validation images; "
            "after it the specificity that this threshold meets on test images",
        ),
        Column("ECE ↓", note="expected calibration error"),
        Column("change", note=f"of the AUC, {_CHANGE}"),
        Column("p", note="of the change, two-sided, corrected for the number of findings (Holm)"),
    ]

    def row(one: FindingResult) -> list[Cell]:
        met = None if one.sensitivity is None or one.specificity is None else (one.sensitivity, one.specificity)
        p_value = None if one.change is None else one.change.p_value
        return [
            text(one.name.replace("_", " ")),
            positives(one),
            estimate(one.auc, one.interval),
            number(one.average_precision),
            Cell(NOTHING) if met is None else Cell("{:.2f} at {:.2f}".format(*met), sort=met[0]),
            number(one.calibration_error),
            change_of(one.change),
            Cell(p_text(p_value), sort=p_value),
        ]

    return _by_mode(
        "By finding",
        columns,
        runs,
        lambda run: [(result, row(one)) for result in run.utilities for one in result.findings],
    )


def findings_side_by_side(runs: Sequence[Named], names: Sequence[str]) -> Table:
    """The AUC of every one of these findings in the headline's mode, a column a run."""
    headlines = [run.utilities[0] for _, run in runs]
    by_run = [{finding.name: finding for finding in one.findings} for one in headlines]
    columns = [Column("finding", number=False), Column("positives", note=FEW_NOTE), *(Column(name) for name, _ in runs)]
    rows = []
    for name in names:
        told = [run.get(name) for run in by_run]
        cells = [estimate(one.auc, one.interval) if one else Cell(NOTHING) for one in told]
        most = max(filter(None, told), key=lambda one: one.positives)
        rows.append([text(name.replace("_", " ")), positives(most), *cells])
    return Table(f"AUC by finding, {headlines[0].label}", columns, [Rows(rows)], sortable=True)


def positives(finding: FindingResult) -> Cell:
    """How many images show it, marked where they are few."""
    few = min(finding.positives, finding.negatives) < FEW
    return Cell(f"{finding.positives}{'*' if few else ''}", sort=finding.positives)


def groups(runs: Sequence[Named]) -> Table | None:
    """The mean AUC in every group of images; None where there are no groups."""
    columns = [
        Column("group", number=False),
        Column("patients"),
        Column("images"),
        Column("mean AUC ↑", note=f"over the findings that all groups hold with {FEW} positives and negatives"),
    ]

    def row(one: GroupResult) -> list[Cell]:
        return [
            text(f"{one.attribute} {one.value}"),
            count(one.counts.patients),
            count(one.counts.images),
            estimate(one.mean_auc, one.interval),
        ]

    return _by_mode(
        "By group of images",
        columns,
        runs,
        lambda run: [(result, row(one)) for result in run.utilities for one in result.groups],
    )


def gaps(runs: Sequence[Named]) -> Table | None:
    """How far the groups lie apart, and whether that changed; None where nothing can be compared."""
    columns = [
        Column("groups by", number=False),
        Column("read worst", number=False),
        Column("read best", number=False),
        Column("gap ↓", note="largest minus smallest mean AUC of the groups"),
        Column("originals", note="the gap of the same task trained and tested on originals"),
        Column("change", note=f"against originals; {_SURE}"),
        Column("widened", number=False, note="yes where the whole interval of the change lies above zero"),
    ]

    def row(one: GapResult) -> list[Cell]:
        told = NOTHING if one.change is None else _WIDENED[one.widened]
        return [
            text(one.attribute),
            text(one.low),
            text(one.high),
            estimate(one.gap, one.interval),
            number(one.original),
            change_of(one.change),
            Cell(told, doubtful=bool(one.widened)),
        ]

    return _by_mode(
        "Gaps between groups",
        columns,
        runs,
        lambda run: [(result, row(one)) for result in run.utilities for one in result.gaps],
    )


def measurements(runs: Sequence[Named]) -> Table | None:
    """What is measured in the images; None where no task measures."""
    columns = [
        Column("measure", number=False),
        Column("mean"),
        Column("single images", note="the lowest and the highest value of an image"),
        Column("originals", note="the same measured in original images"),
        Column("change", note=f"against originals; {_SURE}"),
    ]

    def row(one: MeasurementResult) -> list[Cell]:
        digits = digits_for(one.value, one.interval)
        return [
            text(measure_name(one)),
            estimate(one.value, one.interval, digits),
            Cell(f"{one.lowest:.{digits}f} to {one.highest:.{digits}f}", sort=one.lowest),
            number(one.original, digits),
            change_of(one.change, digits),
        ]

    return _by_mode("Measured in the images", columns, runs, lambda run: [(one, row(one)) for one in run.measurements])


def measure_name(one: MeasurementResult) -> str:
    """With its unit, such as `PSNR, dB ↑`."""
    return titled(one.measure, one.unit, one.more_is_better)


def _by_mode(
    caption: str,
    columns: Sequence[Column],
    runs: Sequence[Named],
    rows: Callable[[RunRecord], Iterable[tuple[Result, list[Cell]]]],
) -> Table | None:
    """A group a task and mode; in it, the rows of several runs that begin alike stand together."""
    several = len(runs) > 1
    below: dict[str, dict[str, list[list[Cell]]]] = {}
    for name, run in runs:
        for result, row in rows(run):
            alike = below.setdefault(_title(result), {}).setdefault(row[0].text, [])
            alike.append([text(name), *row] if several else row)
    if not below:
        return None
    groups = [Rows([row for alike in told.values() for row in alike], title) for title, told in below.items()]
    return Table(caption, [_RUN, *columns] if several else columns, groups, sortable=True, kind="modes")


def _title(result: Result) -> str:
    if isinstance(result, MeasurementResult) and result.original is None:
        return f"{result.label}: {_KINDS[MODES[result.mode].test]} images against their originals"
    return f"{result.label}: {MODE_NOTES[result.mode]}"
