"""However narrow the terminal is, every row says whose it is, and nothing is cut off."""

import io
from dataclasses import replace

import numpy as np
import pytest
from records import entry, with_modes
from rich.cells import cell_len
from rich.console import Console

from privbench.judging.ranking import make_boards
from privbench.judging.selftest.judge import SelfTestResult
from privbench.report.table import Cell, Column, Rows, Table
from privbench.report.tables.leaderboard import leaderboard_sheets
from privbench.report.tables.selftest import sorting_table
from privbench.report.tables.summary import summary_sheet
from privbench.report.tables.utility_sheets import utility_sheets
from privbench.report.terminal import print_sheets, print_table

NAMES = (
    "privacy-net",
    "dp-pix",
    "プライバシー保護ネットワーク",
    "identity",
    "prichexy",
    "a_name_without_any_blank_in_which_it_could_be_broken",
    "x",
)
WIDTHS = (40, 60, 80, 100, 200)


def runs(count, rng):
    long = {"b": "3 features=[32,64,128] weights=sha256"}
    entries = [
        entry(name, 0.5 + 0.05 * place, 0.9 - 0.05 * place, params=long if place % 2 else {"b": 4}, rng=rng)
        for place, name in enumerate(NAMES[:count])
    ]
    return [replace(one, record=with_modes(one.record)) for one in entries]


def printed(show, width):
    console = Console(file=io.StringIO(), width=width)
    show(console)
    lines = console.file.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    return lines


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("make", [leaderboard_sheets, utility_sheets])
def test_names_stand_in_every_table(make, width, count, rng):
    entries = runs(count, rng)
    lines = printed(lambda console: print_sheets(make(make_boards(entries)), console), width)
    for one in entries:
        first = one.record.label.split()[0]
        start = first if cell_len(first) <= 18 else first[:8]
        assert any(line.lstrip().startswith(start) for line in lines), "a row begins with its name"


@pytest.mark.parametrize("width", WIDTHS[:-1])
def test_no_word_is_cut_off(width, rng):
    """All words of the widest terminal stand whole on a narrow one too, but for the title above names."""
    entries = runs(2, rng)
    sheets = [summary_sheet(entries[1].record), *utility_sheets(make_boards(entries))]
    wide, narrow = (
        {word for line in printed(lambda console: print_sheets(sheets, console), columns) for word in line.split()}
        for columns in (max(WIDTHS), width)
    )
    assert {word for word in wide - narrow if len(word) <= 20 and "─" not in word} <= {"anonymizer", "utility"}


@pytest.mark.parametrize(("width", "listed"), [(60, True), (120, False)])
def test_what_does_not_fit_side_by_side_stands_below_the_name(width, listed):
    titles = ("margin of the attack", "verification error", "identification rate")
    columns = [Column("method", number=False), *map(Column, titles)]
    rows = [[Cell(name), *(Cell("0.500 [0.450, 0.550]") for _ in titles)] for name in ("dp-pix b=4", "identity")]
    rows[1][2] = Cell("–")
    lines = printed(lambda console: print_table(Table("", columns, [Rows(rows)]), console), 40 if listed else width)
    found = [" ".join(line.split()) for line in lines if line.strip()]
    if listed:
        figure = "0.500 [0.450, 0.550]"
        assert squeezed("".join(found)) == squeezed(
            f"dp-pix b=4 {titles[0]} {figure} {titles[1]} {figure} {titles[2]} {figure}"
            f"identity {titles[0]} {figure} {titles[2]} {figure}"
        )
    else:
        assert "dp-pix b=4 0.500 [0.450, 0.550] 0.500 [0.450, 0.550] 0.500 [0.450, 0.550]" in found


@pytest.mark.parametrize("width", WIDTHS)
def test_the_self_test_names_its_traps(width):
    result = SelfTestResult("trap-inversion", "hides", False, 0.51, 0.98, "contrastive (informed)", 0.97, True, "hides")
    lines = printed(lambda console: print_table(sorting_table([result]), console), width)
    assert any(line.startswith("trap-inversion") for line in lines)


def test_figures_stay_whole_before_words_below_do(rng):
    names = ("prichexy", "dp-pix")
    entries = [entry(name, 0.6 + place / 10, 0.9, params={"b": 8}, rng=rng) for place, name in enumerate(names)]
    lines = printed(lambda console: print_sheets(leaderboard_sheets(make_boards(entries)), console), 80)
    assert sum("0.600 [0.550, 0.650]" in line for line in lines) == 1
    assert np.sum(["0.900 [0.850, 0.950]" in line for line in lines]) == 2
