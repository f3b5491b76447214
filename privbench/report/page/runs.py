"""The runs of a board as the page shows them, and what it reads from their folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from ...base.errors import PrivbenchError
from ...judging.ranking import Board, Entry, Standing, read_entry, worst_attack
from ...record.attack import AttackResult
from ...record.folder import EXAMPLES, LINKAGE_SCORES, RETRIEVAL_SCORES
from ...record.run import RunRecord
from ...record.vouched import require_vouched
from ..notes import named_runs
from ..plots.style import Series, series_of
from ..tables.budget import BUDGET_COLUMNS

CURVES, BUDGET = "training_curves.csv", "budget/budget.csv"
_CURVE_COLUMNS = ("stage", "training", "epoch")


@dataclass(frozen=True)
class ReportedRun:
    """A run on the page: by what name and in what style, and what its files and ids begin with."""

    standing: Standing
    series: Series
    slug: str

    @property
    def record(self) -> RunRecord:
        return self.standing.entry.record

    @property
    def folder(self) -> Path:
        return self.standing.entry.folder

    @property
    def name(self) -> str:
        return self.series.name

    @property
    def attack(self) -> AttackResult:
        """The attack of the worst case."""
        return worst_attack(self.record)


def read_reported(folder: Path) -> Entry:
    """A run from its folder, with all the files that the page shows.

    Raises PrivbenchError where it holds none, or one of which a file was changed or cannot be read.
    """
    entry = read_entry(folder)
    for name in (LINKAGE_SCORES, RETRIEVAL_SCORES, CURVES, EXAMPLES):
        require_vouched(folder, entry.record, name)
    return entry


def reported_runs(board: Board, slug: str) -> list[ReportedRun]:
    """The runs of a board in its order. Runs of one label are told apart by their folders' names."""
    series = series_of(named_runs(board))
    return [
        ReportedRun(standing, one, f"{slug}-{one.number + 1:02d}-{_slug(standing.entry.record.anonymizer.name)}")
        for one, standing in zip(series, board.standings, strict=True)
    ]


def _slug(text: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text)[:30]


def linkage_of(run: ReportedRun) -> pd.DataFrame:
    """The scores of the worst-case attack on test pairs: the columns seed, mated and score, one row a pair."""
    attack = run.attack
    wanted = [("attack", "==", attack.name), ("scenario", "==", attack.scenario)]
    wanted += [("split", "==", "test"), ("images", "==", attack.test)]
    scores = _read(run.folder / LINKAGE_SCORES, ["seed", "mated", "score"], wanted).astype({"mated": bool})
    if not scores["mated"].any() or scores["mated"].all():
        raise PrivbenchError(
            f"{run.folder / LINKAGE_SCORES} lacks test pairs of {attack.label}, the worst case: run it again with "
            "--overwrite."
        )
    return scores


def ranking_of(run: ReportedRun) -> pd.DataFrame | None:
    """The ranks of mates by the worst-case attack: seed, probe, outranked_by and strangers; None where there are none.

    One row a probe and mate.
    """
    attack = run.attack
    wanted = [("attack", "==", attack.name), ("scenario", "==", attack.scenario)]
    ranks = _read(run.folder / RETRIEVAL_SCORES, ["seed", "probe", "outranked_by", "strangers"], wanted)
    return ranks if len(ranks) else None


def _read(path: Path, columns: list[str], wanted: list[tuple[str, str, str]]) -> pd.DataFrame:
    try:
        read = pd.read_parquet(path, columns=columns, filters=wanted)[columns]
        if wrong := [name for name in columns if name != "probe" and not _is_finite(read[name])]:
            raise ValueError(f"{', '.join(wrong)} are no numbers")
        return read
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:  # Arrow's own are among them
        raise PrivbenchError(f"{path} cannot be read ({error}): run it again with --overwrite.") from error


def _is_finite(column: pd.Series) -> bool:
    return is_numeric_dtype(column) and bool(np.isfinite(column.to_numpy(float, na_value=np.nan)).all())


def training_curves(run: ReportedRun) -> pd.DataFrame:
    """The losses of all trainings, a row an epoch; empty where there was none, or the file is missing."""
    frame = _table(run.folder / CURVES, _CURVE_COLUMNS, ("epoch",))
    return pd.DataFrame(columns=list(_CURVE_COLUMNS)) if frame is None else frame


def split_shared(curves: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The trainings that all of several runs have in common, and the others of each.

    Networks that are trained on originals are trained once a protocol: their curves are the same in every run.
    """
    if len(curves) < 2:
        return pd.DataFrame(columns=list(_CURVE_COLUMNS)), list(curves)
    trainings = [{key: part.dropna(axis="columns", how="all").reset_index(drop=True)
                  for key, part in frame.groupby(["stage", "training"], sort=False)} for frame in curves]  # fmt: skip
    first, *others = trainings
    shared = {key for key, part in first.items() if all(key in one and one[key].equals(part) for one in others)}

    def part_of(frame: pd.DataFrame, common: bool) -> pd.DataFrame:
        keys = zip(frame["stage"], frame["training"], strict=True)
        return frame[np.array([(key in shared) == common for key in keys], bool)]

    return part_of(curves[0], True), [part_of(frame, False) for frame in curves]


def budget_points(run: ReportedRun) -> pd.DataFrame | None:
    """The points of the budget curves; None where `privbench budget` was not asked for them."""
    frame = _table(run.folder / BUDGET, BUDGET_COLUMNS, BUDGET_COLUMNS[1:-1])
    return frame if frame is not None and len(frame) else None


def _table(path: Path, columns: tuple[str, ...], numbers: tuple[str, ...]) -> pd.DataFrame | None:
    """The table with these columns, of which some hold a number in every row, and losses are numbers; None if empty."""
    if not path.is_file():
        return None
    try:
        frame = pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return None
    except (OSError, ValueError) as error:
        raise PrivbenchError(f"{path} cannot be read ({error}): delete it, or make it again.") from error
    if missing := [column for column in columns if column not in frame.columns]:
        raise PrivbenchError(f"{path} lacks the columns {', '.join(missing)}: delete it, or make it again.")
    losses = [name for name in frame.columns if name.startswith(("train_", "val_"))]
    wrong = [name for name in numbers if not _is_finite(frame[name])]
    if wrong := wrong + [name for name in losses if not is_numeric_dtype(frame[name])]:
        raise PrivbenchError(f"{path} holds no numbers in {', '.join(wrong)}: delete it, or make it again.")
    return frame
