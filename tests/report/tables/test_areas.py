import io
import json

import numpy as np
import pandas as pd
import pytest
from command_line import call
from records import entry
from report_runs import write_run
from rich.console import Console

from privbench.judging import areas as judging_areas
from privbench.judging.areas import areas_of
from privbench.judging.ranking import make_boards
from privbench.report.machine import as_frame
from privbench.report.markup import as_html, as_markdown
from privbench.report.tables.areas import areas_table, why_no_areas
from privbench.report.tables.leaderboard import leaderboard, leaderboard_sheets
from privbench.report.terminal import print_sheets

RUNS = [("pixelate", 0.9, 0.75, 2), ("pixelate", 0.7, 0.7, 8), ("prichexy", 0.6, 0.79, 1), ("starved", 0.5, 0.8, 1)]


@pytest.fixture
def board(rng):
    entries = [entry("identity", 0.95, 0.8, rng=rng)]
    for name, attacked, useful, setting in RUNS:
        verdict = "weak" if name == "starved" else "certified"
        entries.append(entry(name, attacked, useful, params={"b": setting}, verdict=verdict, rng=rng))
    return make_boards(entries)[0]


def told(area):
    return f"{area.value:.3f} [{area.interval.low:.3f}, {area.interval.high:.3f}]"


def test_methods_stand_below_the_runs_in_every_form(board):
    areas = {one.method: one for one in areas_of(board).methods}
    rows = [("prichexy", told(areas["prichexy"]), "1 of 1"), ("pixelate", told(areas["pixelate"]), "2 of 2")]
    rows += [("starved", "NOT PROVEN", "0 of 1")]
    console = Console(record=True, width=80, file=io.StringIO())
    print_sheets(leaderboard_sheets([board]), console)
    terminal = console.export_text()
    assert max(map(len, terminal.splitlines())) <= 80
    _, _, below = terminal.partition("Methods, by area under the trade-off")
    for row in rows:
        assert any(line.split() == " ".join(row).split() for line in below.splitlines())
    markdown, page = as_markdown(leaderboard_sheets([board])), as_html(leaderboard_sheets([board]))
    places = [markdown.index(f"| {' | '.join(row)} |") for row in rows]
    assert places == sorted(places), "the largest area first, what is not proven last"
    assert markdown.index("| identity |") < places[0]
    for row in rows:
        assert all(cell in page for cell in row)
    for text in (" ".join(terminal.split()), markdown, page):
        assert "none of their settings counts: a low figure that is not proven is no evidence of privacy" in text
        assert "0 is identity or an empty image, 1 all privacy at full utility" in text


def test_the_areas_of_a_board_are_computed_once(board, monkeypatch):
    """For the runs, for the methods below them, and for why there are none."""
    computed = []
    monkeypatch.setattr(judging_areas, "area_between", lambda *given: computed.append(1))
    leaderboard_sheets([board])
    assert len(computed) == 2, "for the two methods that are proven"


def test_what_is_not_proven_has_no_number(board):
    table = areas_table(board)
    *_, last = [row for group in table.groups for row in group.rows]
    assert (last[0].text, last[1].text, last[1].sort, last[1].doubtful) == ("starved", "NOT PROVEN", None, True)
    figures = {name: figure for cell in last for name, figure in cell.figures.items()}
    assert {name for name, figure in figures.items() if figure is None} == {
        "method_area", "method_area_low", "method_area_high"
    }  # fmt: skip


def test_machines_get_the_area_beside_every_run_of_a_method(board):
    frame = as_frame([leaderboard(board)]).set_index("anonymizer")
    assert len(frame) == len(RUNS) + 1
    found = {one.method: one for one in areas_of(board).methods}["pixelate"]
    columns = ["method_area", "method_area_low", "method_area_high", "method_settings", "method_settings_counted"]
    expected = [found.value, found.interval.low, found.interval.high, 2, 2]
    for label in ("pixelate b=2", "pixelate b=8"):
        assert frame.loc[label, columns].tolist() == pytest.approx(expected)
    assert frame.loc["starved b=1", "method_settings"] == 1
    assert np.isnan([frame.loc["identity", "method_area"], frame.loc["starved b=1", "method_area"]]).all()


def test_a_board_of_single_settings_has_no_areas(rng):
    entries = [entry(name, p, u, params={"b": b}, rng=rng) for name, p, u, b in RUNS[1:3]]
    (board,) = make_boards([entry("identity", 0.95, 0.8, rng=rng), *entries])
    assert (areas_table(board), why_no_areas(board)) == (None, [])
    assert not [name for name in as_frame([leaderboard(board)]) if name.startswith("method")]


def test_why_there_are_none_is_a_note(rng):
    (board,) = make_boards([entry(name, p, u, params={"b": b}, rng=rng) for name, p, u, b in RUNS[:3]])
    (sheet,) = leaderboard_sheets([board])
    assert len(sheet.tables) == 1
    assert sheet.notes[-1].startswith("The area under the trade-off is not told: no run of identity is among these")


def test_the_command_tells_areas_of_runs_on_disk(monkeypatch, capsys, tmp_path):
    write_run(tmp_path / "identity", "identity", 0.95, 0.8, examples=False)
    for setting, attacked, useful in ((2, 0.9, 0.75), (8, 0.7, 0.7)):
        folder = tmp_path / f"pixelate-{setting}"
        write_run(folder, "pixelate", attacked, useful, examples=False, params={"b": setting})
    assert call(monkeypatch, "leaderboard", tmp_path, "--format", "json") == 0
    rows = {row["anonymizer"]: row for row in json.loads(capsys.readouterr().out)}
    expected = (0.05 / 0.45) * (0.25 / 0.3) + (0.2 / 0.45) * (0.2 / 0.3)
    assert rows["pixelate b=2"]["method_area"] == pytest.approx(expected, abs=1e-6)  # stored as float32
    assert rows["identity"]["method_area"] is None
    assert call(monkeypatch, "leaderboard", tmp_path, "--format", "csv") == 0
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert frame["method_area"].count() == 2
    assert call(monkeypatch, "leaderboard", tmp_path) == 0
    assert f"pixelate {expected:.3f} [" in " ".join(capsys.readouterr().out.split())
