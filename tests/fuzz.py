"""Run folders, protocols and words of the command line as nobody meant them; what they may do is work, or say why not.

The suite draws a few of them by rule, `benchmarks/fuzz.py` as many as there is time for.
"""

from __future__ import annotations

import copy
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hostile import TEXTS, obeyed
from hypothesis import strategies as st
from report_runs import forge
from rich.console import Console
from safetensors import safe_open
from safetensors.numpy import load_file, save

from privbench.base.errors import PrivbenchError
from privbench.judging.compare import compare_runs
from privbench.judging.ranking import make_boards, read_entry
from privbench.judging.sharing import share_runs
from privbench.judging.verify import verify_run
from privbench.protocols.schema import load_protocol
from privbench.record.estimates import FILE
from privbench.record.folder import LINKAGE_SCORES, RETRIEVAL_SCORES, UTILITY_SCORES
from privbench.record.run import FILE as RECORD
from privbench.record.run import read_run
from privbench.record.scores import read_scores, write_scores
from privbench.report.machine import as_csv, as_frame, as_json
from privbench.report.markup import as_html, as_markdown
from privbench.report.page.runs import linkage_of, ranking_of, read_reported, reported_runs
from privbench.report.tables.comparison import comparison_sheet
from privbench.report.tables.leaderboard import leaderboard, leaderboard_sheets
from privbench.report.tables.utility_sheets import utility_sheets
from privbench.report.terminal import print_sheets

NUMBERS = (float("nan"), float("inf"), -1, 0, 7, 1e308, -1e308, 10**30, 0.5, True)
DEEP = json.loads("[" * 200 + "]" * 200)
VALUES = st.sampled_from([*NUMBERS, *TEXTS, None, [], {}, [{}], {"a": 1}, DEEP])
SCORES = (LINKAGE_SCORES, RETRIEVAL_SCORES, UTILITY_SCORES)
Change = Callable[[Path], None]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that stands in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    return found + [place for key, one in inner for place in _places(one, (*path, key))]


@st.composite
def changed_json(draw: st.DrawFn, value: Any) -> Any:
    """The value, of which up to three places hold something else, or nothing."""
    changed = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from(_places(changed)))
        inner = changed
        for key in above:
            inner = inner[key]
        if draw(st.booleans()):
            inner[last] = draw(VALUES)
        else:
            del inner[last]
        if not _places(changed):
            break
    return changed


@st.composite
def changed_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """The data, cut off or with a byte that is another."""
    place = draw(st.integers(0, len(data) - 1))
    return (
        data[:place] if draw(st.booleans()) else data[:place] + bytes([draw(st.integers(0, 255))]) + data[place + 1 :]
    )


@st.composite
def changed_record(draw: st.DrawFn, folder: Path) -> Change:
    """A record with other fields, or broken as a file."""
    data = (folder / RECORD).read_bytes()
    if draw(st.integers(0, 4)) == 0:
        told = draw(changed_bytes(data))
    else:
        told = json.dumps(draw(changed_json(json.loads(data)))).encode()
    return lambda out: _write(out / RECORD, told)


@st.composite
def changed_estimates(draw: st.DrawFn, folder: Path) -> Change:
    """Estimates of other numbers, shapes or fields, with a digest that fits, or broken as a file."""
    file = folder / FILE
    if draw(st.integers(0, 4)) == 0:
        data = draw(changed_bytes(file.read_bytes()))
    else:
        with safe_open(file, "numpy") as opened:
            told = json.loads(opened.metadata()["estimates"])
        tensors = load_file(file)
        name = draw(st.sampled_from(sorted(tensors)))
        array = tensors.pop(name)
        kind = draw(st.sampled_from(["gone", "cut", "empty", "flat", "some", "all", "whole"]))
        fill = draw(st.sampled_from([np.nan, np.inf, 7.0]))
        made = {
            "cut": array[:-1], "empty": array[:0], "flat": array[None], "all": np.full_like(array, fill),
            "some": np.where(np.arange(len(array)) == 1, fill, array).astype(np.float32),
            "whole": np.nan_to_num(array).astype(np.int64),
        }  # fmt: skip
        tensors |= {name: made[kind]} if kind in made else {}
        told = draw(changed_json(told)) if draw(st.booleans()) else told
        data = save(tensors, metadata={"estimates": json.dumps(told)})
    return lambda out: _write_forged(out, FILE, data)


@st.composite
def changed_scores(draw: st.DrawFn, folder: Path) -> Change:
    """Scores without a column, of another type, without rows or with values that are none; or broken as a file."""
    name = draw(st.sampled_from(SCORES))
    if draw(st.integers(0, 4)) == 0:
        data = draw(changed_bytes((folder / name).read_bytes()))
        return lambda out: _write_forged(out, name, data)
    scores = read_scores(folder / name)
    column = draw(st.sampled_from(list(scores.columns)))
    kind = draw(st.sampled_from(["gone", "text", "none", "empty", "one"]))
    if kind == "gone":
        scores = scores.drop(columns=column)
    elif kind == "empty":
        scores = scores.iloc[:0]
    elif kind == "one":
        scores = scores.iloc[:1]
    else:
        scores[column] = scores[column].astype(str) if kind == "text" else np.nan

    def write(out: Path) -> None:
        write_scores(scores, out / name)
        forge(out, name)

    return write


def _write(file: Path, data: bytes) -> None:
    file.write_bytes(data)


def _write_forged(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    forge(folder, name)


@dataclass(frozen=True)
class Target:
    """What is tried on a folder that was changed; it works, or raises PrivbenchError."""

    change: Callable[[Path], st.SearchStrategy[Change]]
    use: Callable[[Path, Path], None]


def _tables(folder: Path, other: Path) -> None:
    """Every format of the tables holds only what may be printed."""
    entries = [read_entry(folder), read_entry(other)]
    boards = make_boards(entries)
    sheets = [*leaderboard_sheets(boards), *utility_sheets(boards)]
    console = Console(file=io.StringIO(), width=60)
    print_sheets(sheets, console)
    frame = as_frame([leaderboard(board) for board in boards])
    for told in (console.file.getvalue(), as_markdown(sheets), as_html(sheets), as_csv(frame)):  # type: ignore[attr-defined]
        assert not obeyed(told), "a terminal obeys it"
    assert len(json.loads(as_json(frame))) == 2


def _record(folder: Path, _: Path) -> None:
    """What is read as a run says the figures that stand in its file."""
    read = read_run(folder)
    told = json.loads((folder / RECORD).read_bytes())
    if told["schema_version"] == read.schema_version:
        assert read.model_dump(mode="json") == told, "a figure was changed in silence"


def _curves(folder: Path, _: Path) -> None:
    for run in reported_runs(make_boards([read_reported(folder)])[0], "b"):
        linkage_of(run)
        ranking_of(run)


def _compare(folder: Path, other: Path) -> None:
    comparison_sheet(compare_runs(folder, other))


def _verify(folder: Path, _: Path) -> None:
    list(verify_run(folder))


def _share(folder: Path, _: Path) -> None:
    """What is shared at all holds."""
    out = folder.with_name("shared")
    shutil.rmtree(out, ignore_errors=True)
    (one,) = share_runs([folder], out)
    assert one.folder.parent == out
    assert list(verify_run(one.folder)) == []


TARGETS = {
    "records as tables": Target(changed_record, _tables),
    "records as they are": Target(changed_record, _record),
    "records verified": Target(changed_record, _verify),
    "records compared": Target(changed_record, _compare),
    "records shared": Target(changed_record, _share),
    "estimates as tables": Target(changed_estimates, _tables),
    "estimates compared": Target(changed_estimates, _compare),
    "estimates verified": Target(changed_estimates, _verify),
    "scores drawn": Target(changed_scores, _curves),
    "scores compared": Target(changed_scores, _compare),
    "scores verified": Target(changed_scores, _verify),
}


def outcome(target: Target, change: Change, folder: Path, scratch: Path) -> str:
    """`works` or `refused`; anything else is raised."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(folder, scratch)
    change(scratch)
    try:
        target.use(scratch, folder)
    except PrivbenchError:
        return "refused"
    return "works"


FIELDS = st.sampled_from(
    ["statistics.resamples", "attacks.siamese", "data", "data.params", "seed", "a.b", "", ".", "pairs.cap"]
)
OVERRIDES = st.builds("{}={}".format, FIELDS, st.sampled_from([*map(str, NUMBERS), *TEXTS, "[", "{a=1}", "none"]))
OVERRIDES = OVERRIDES | st.sampled_from(TEXTS)


def protocol_outcome(text: str, overrides: list[str], file: Path) -> str:
    """Of a protocol's file and changes of it: `works` or `refused`; anything else is raised."""
    file.write_text(text, encoding="utf-8")
    try:
        load_protocol(str(file), overrides)
    except PrivbenchError:
        return "refused"
    return "works"


@st.composite
def changed_toml(draw: st.DrawFn, text: str) -> str:
    """The lines of a protocol, one of which is gone, doubled, or says something else."""
    lines = text.strip().splitlines()
    place = draw(st.integers(0, len(lines) - 1))
    kind = draw(st.sampled_from(["gone", "twice", "other", "cut"]))
    if kind == "other":
        value = draw(st.sampled_from(["nan", "inf", "-1", '"text"', "[]", "{}", "1e400", "[[[[]]]]", "1979-05-27"]))
        lines[place] = f"{lines[place].partition('=')[0]} = {value}"
    else:
        lines[place : place + 1] = {"gone": [], "twice": [lines[place]] * 2, "cut": [lines[place][:-1]]}[kind]
    return "\n".join(lines)
