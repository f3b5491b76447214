"""What a stranger's run says is shown by every format, and obeyed by none."""

import csv
import io
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hostile import TEXTS, obeyed, run_of
from records import estimate
from report_runs import report_of, write_run
from rich.console import Console

from privbench.judging.compare import Comparison, difference_of
from privbench.judging.gate import JudgedFigure, Judgement
from privbench.judging.ranking import Entry, make_boards
from privbench.protocols.schema import StatisticsSection
from privbench.record.names import AUC, worst_case
from privbench.report import judgement as told
from privbench.report.machine import as_csv, as_frame, as_json
from privbench.report.markup import as_html, as_markdown
from privbench.report.tables.comparison import comparison_sheet
from privbench.report.tables.leaderboard import leaderboard, leaderboard_sheets
from privbench.report.tables.summary import summary_sheet
from privbench.report.tables.utility_figures import as_frame as utility_frame
from privbench.report.tables.utility_sheets import utility_sheets
from privbench.report.terminal import print_sheets

OWN = re.compile(r"<br>")
everything = pytest.mark.parametrize("text", TEXTS)


def boards(text, tmp_path):
    run = run_of(text)
    other = run.model_copy(update={"fingerprint": text + "f", "key": "b"})
    return make_boards([Entry(run, None, None, tmp_path / "a"), Entry(other, None, None, tmp_path / "b")])


def sheets(text, tmp_path):
    run, draws = run_of(text), np.random.default_rng(0).normal(0, 0.01, 100)
    figures = estimate(0.7, draws), estimate(0.8, draws)
    difference = difference_of(run.utility_name._replace(finding=text), *figures, StatisticsSection())
    compared = comparison_sheet(Comparison(run, run, (difference,), (text,)))
    found = boards(text, tmp_path)
    return [*leaderboard_sheets(found), *utility_sheets(found), summary_sheet(run), compared]


@everything
@pytest.mark.parametrize("columns", [40, 120])
def test_terminals(text, columns, tmp_path):
    console = Console(file=io.StringIO(), width=columns, force_terminal=True, color_system="truecolor")
    print_sheets(sheets(text, tmp_path), console)
    assert obeyed(console.file.getvalue()) == set()


@everything
def test_markdown(text, tmp_path):
    written = as_markdown(sheets(text, tmp_path))
    assert "<" not in OWN.sub("", written)
    assert not re.search(r"(?<!\\)\]\(", written)
    assert not re.search(r"(?<!\\)`", written)
    assert obeyed(written) == set()
    rows = [line for line in written.splitlines() if line.startswith("| ")]
    bars = [len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows]
    breaks = [place for place, row in enumerate(rows) if row.startswith("| --- |")]
    ends = [*(place - 1 for place in breaks[1:]), len(rows)]
    for start, end in zip(breaks, ends, strict=True):
        assert len(set(bars[start - 1 : end])) == 1, "every row has the columns of its head"


@everything
def test_html(text, tmp_path):
    page = as_html(sheets(text, tmp_path))
    assert obeyed(page) == set()
    assert "<script" not in page
    ElementTree.fromstring(f"<page>{page.replace('<br>', '<br/>')}</page>")


@everything
def test_machines_get_the_text_and_no_formula(text, tmp_path):
    frame = as_frame([leaderboard(board) for board in boards(text, tmp_path)])
    assert text in json.loads(as_json(frame))[0]["protocol"]
    for each in (frame, utility_frame([run_of(text)])):
        head, *rows = csv.reader(io.StringIO(as_csv(each)))
        assert len(rows) == len(each)
        assert all(len(row) == len(head) for row in rows)
        for cell in [*head, *(cell for row in rows for cell in row)]:
            assert obeyed(cell) == set()
            assert not re.match(r"\s*[=+@]", cell)
            assert not re.match(r"\s*-", cell) or float(cell) < 0


def test_figures_stay_numbers_in_csv(tmp_path):
    rows = csv.DictReader(io.StringIO(as_csv(utility_frame([run_of("a")]))))
    changes = [row["change"] for row in rows if row["part"] == "finding"]
    assert "-0.2" in changes


@everything
def test_judgements(text, tmp_path):
    change = JudgedFigure(
        run=text, figure=worst_case(AUC), verdict="regression", before=0.5, after=0.6, change=0.1, interval=None,
        tolerance=0.02, p_value=0.01, detectable=0.1, message=text,
    )  # fmt: skip
    judgement = Judgement((change,), (text,), (text,))
    suite = ElementTree.fromstring(told.as_junit(judgement))
    assert [case.tag for case in suite] == ["testcase", "testcase"]
    assert json.loads(told.as_json(judgement))["changes"][0]["message"] == text
    summary = told.as_markdown(judgement)
    assert "<" not in summary
    assert obeyed(summary) == set()


@pytest.mark.parametrize("text", [TEXTS[0] + TEXTS[3], TEXTS[5] + TEXTS[12]])
def test_the_page_and_its_plots(text, tmp_path):
    run = run_of(text)
    changes = {"utilities": run.utilities, "measurements": run.measurements, "protocol": run.protocol}
    write_run(tmp_path / "a", text, warnings=[text], budget=True, changes=changes)
    report_of([tmp_path / "a"], tmp_path / "report")
    page = (tmp_path / "report/index.html").read_text(encoding="utf-8")
    assert obeyed(page) == set()
    assert "<script>alert" not in page
    plots = list((tmp_path / "report/plots").glob("*.svg"))
    assert len(plots) >= 4
    for plot in plots:
        drawn = ElementTree.fromstring(plot.read_bytes())
        assert obeyed("".join(drawn.itertext()).replace("\n", "")) == set()
