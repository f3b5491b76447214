"""What a leaderboard tells of utility; and the whole of it where privacy was not judged."""

from __future__ import annotations

from collections.abc import Sequence

from ...judging.ranking import Board, Standing
from ...protocols.modes import MODES, Mode
from ...record.run import RunRecord
from ...record.utility import UtilityResult
from ..figures import interval_text, rank_text
from ..notes import names_of
from ..table import MACHINES, Cell, Column, Rows, Table, Value, number
from .utility import MODE_NOTES
from .weights import contamination_mark

WEIGHTS = Column(
    "weights",
    number=False,
    note="whether weights that were learnt elsewhere saw test patients, or nobody can say",
    place="below",
    lead="WEIGHTS: ",
)
NOT_JUDGED = "NOT JUDGED"


def unjudged_board(board: Board) -> Table:
    """One row a run whose privacy was not judged, the most useful first."""
    runs = board.records
    modes = further_modes(runs)
    columns = [
        Column("anonymizer", number=False),
        Column("privacy", number=False),
        WEIGHTS,
        Column("utility rank"),
        *(read(utility) for utility in runs[0].utilities[:1]),
        *mode_columns(modes),
        MACHINES,
    ]

    def row(name: str, standing: Standing) -> list[Cell]:
        run = standing.entry.record
        whose = {"fingerprint": run.fingerprint, "protocol": run.protocol["name"], "anonymizer": run.label}
        told: dict[str, Value] = {
            "test_images": run.counts.images, "unjudged": run.unjudged, "warnings": "; ".join(run.warnings),
        }  # fmt: skip
        return [
            Cell(name, whose),
            Cell(NOT_JUDGED, {"verdict": NOT_JUDGED.lower()}, doubtful=True),
            contamination_mark(run),
            rank("utility_rank", standing.utility_rank),
            *(mean(utility) for utility in run.utilities[:1]),
            *in_modes(run, modes),
            Cell("", utilities(run) | told),
        ]

    rows = [row(name, standing) for name, standing in zip(names_of(board), board.standings, strict=True)]
    title = "Runs whose privacy was not judged, the most useful first"
    return Table(title, columns, [Rows(rows)], sortable=True, kind="leaderboard")


def further_modes(runs: Sequence[RunRecord]) -> list[Mode]:
    """The modes beside the headline's in which any of the runs was judged by the headline's task."""
    seen = {result.mode for run in runs for result in run.utilities if result.name == run.utilities[0].name}
    return [mode for mode in MODES if mode in seen - {result.mode for result in runs[0].utilities[:1]}]


def mode_columns(modes: Sequence[Mode]) -> list[Column]:
    """A column for each of the further modes."""
    return [Column(f"{mode} ↑", note=f"the same, {MODE_NOTES[mode]}", place="below", lead=f"{mode} ") for mode in modes]


def in_modes(run: RunRecord, modes: Sequence[Mode]) -> list[Cell]:
    """How the headline's task reads findings in those modes."""
    told = {result.mode: result.mean_auc for result in run.utilities if result.name == run.utilities[0].name}
    return [number(told.get(mode)) for mode in modes]


def read(headline: UtilityResult) -> Column:
    """The column of the headline of utility."""
    note = f"mean over the findings, {headline.mode}: {MODE_NOTES[headline.mode]}"
    return Column(f"{headline.name} AUC ↑", note=note)


def mean(utility: UtilityResult) -> Cell:
    """The headline of utility."""
    figures: dict[str, Value] = {
        f"{utility.name}_auc": utility.mean_auc,
        f"{utility.name}_low": utility.interval.low,
        f"{utility.name}_high": utility.interval.high,
    }
    return Cell(interval_text(utility.mean_auc, utility.interval), figures, sort=utility.mean_auc)


def rank(name: str, ranks: tuple[int, int] | None) -> Cell:
    """The best and the worst rank; nothing where there is none."""
    best, worst = ranks or (None, None)
    order = None if ranks is None else ranks[0] + ranks[1] / 1000
    return Cell(rank_text(ranks), {f"{name}_best": best, f"{name}_worst": worst}, sort=order)


def utilities(run: RunRecord) -> dict[str, Value]:
    """What machines get of every task and mode."""
    told: dict[str, Value] = {}
    for result in run.utilities:
        told[f"{result.label} auc"] = result.mean_auc
        told[f"{result.label} change"] = result.change.value if result.change else None
    return told | {f"{one.label} {one.measure}": one.value for one in run.measurements}
