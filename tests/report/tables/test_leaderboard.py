import dataclasses
import io

import numpy as np
import pytest
from copying import copies
from records import entry, record, with_modes
from rich.console import Console

from privbench.judging.ranking import make_boards
from privbench.report.machine import as_frame
from privbench.report.markup import as_html, as_markdown
from privbench.report.notes import warnings_of
from privbench.report.tables.leaderboard import leaderboard, leaderboard_sheets
from privbench.report.tables.summary import summary_sheet
from privbench.report.terminal import print_sheets


def test_tables_keep_fingerprints_apart_and_tell_why(rng):
    runs = [("a", 0.8, 0.9, "0"), ("b", 0.6, 0.7, "0"), ("c", 0.5, 0.5, "f")]
    boards = make_boards([entry(name, p, u, fingerprint=f * 64, rng=rng) for name, p, u, f in runs])
    assert [[run.label for run in board.records] for board in boards] == [["c"], ["b", "a"]]
    text = as_markdown(leaderboard_sheets(boards))
    worst, utility = "0.600 [0.550, 0.650]", "0.700 [0.650, 0.750]"
    match = "0.003 [0.000, 0.014]"
    row = f"| b | certified | 1 | 2 | yes | {worst}<br>contrastive (informed) | 0.500 | 0.600 | {match} | {utility} |"
    assert row in text
    assert text.index("| b |") < text.index("| a |")
    assert (
        f"Fingerprint {'0' * 12} shares no table with {'f' * 12}: fingerprint: ffffffffffff… / 000000000000…." in text
    )
    frame = as_frame([leaderboard(board) for board in boards])
    assert frame["worst_case_auc"].tolist() == [0.5, 0.6, 0.8]
    assert frame["fingerprint"].nunique() == 2
    assert frame["siamese (paper) auc"].tolist() == [0.5, 0.5, 0.5]
    assert frame["privacy_rank_best"].tolist() == [1, 1, 2]


def test_what_is_not_proven_says_so_first_and_has_no_rank(rng):
    """A starved attack makes every anonymizer look private."""
    starved = entry("starved", 0.5, 0.9, verdict="weak", rng=rng)
    (board,) = make_boards([starved, entry("honest", 0.9, 0.9, rng=rng)])
    assert [run.label for run in board.records] == ["honest", "starved"]
    assert board.standings[1].privacy_rank is None
    table = as_markdown(leaderboard_sheets([board]))
    doubt = "starved: the attack is weak, so a low figure is no evidence of privacy"
    assert table.index(doubt) < table.index("| --- |")
    assert "| starved | NOT PROVEN: weak | 0.500 [0.450, 0.550]<br>" in table
    assert as_frame([leaderboard(board)])["verdict"].tolist() == ["certified", "weak"]
    console = Console(record=True, width=160, file=io.StringIO())
    print_sheets([summary_sheet(starved.record)], console)
    told = console.export_text()
    assert told.startswith(doubt)
    assert "weak: 0.950 on originals" in told


def test_the_terminals_table_fits_eighty_columns(rng):
    console = Console(record=True, width=80, file=io.StringIO())
    entries = [entry(name, 0.8, 0.9, params={"b": 8}, rng=rng) for name in ("prichexy", "dp-pix")]
    print_sheets(leaderboard_sheets(make_boards([*entries, entry("weak", 0.4, 0.5, verdict="weak", rng=rng)])), console)
    told = console.export_text()
    assert max(map(len, told.splitlines())) <= 80
    assert "0.800 [0.750, 0.850]" in told
    assert "1–2" in told
    assert "NOT PROVEN: weak" in told


def with_modes_too(one):
    return dataclasses.replace(one, record=with_modes(one.record))


def test_every_mode_of_the_headlines_task_has_a_column(rng):
    (board,) = make_boards([with_modes_too(entry("new", 0.6, 0.9, rng=rng)), entry("old", 0.8, 0.9, rng=rng)])
    told = as_markdown(leaderboard_sheets([board])).splitlines()
    head, _, new, old = ([cell.strip() for cell in line.split("|")[1:-1]] for line in told if line.startswith("|"))
    assert "classification AUC ↑" in head
    place = head.index("retrained-transfer ↑")
    assert (new[place], old[place]) == ("0.812", "–")
    frame = as_frame([leaderboard(board)]).set_index("anonymizer")
    assert frame.loc["new", "classification_auc"] == frame.loc["new", "classification (frozen) auc"] == 0.9
    assert frame.loc["new", "classification (retrained-transfer) auc"] == 0.812
    assert frame.loc["new", "classification (retrained-transfer) change"] == pytest.approx(-0.081)
    assert frame.loc["new", "segmentation (frozen) Dice of the lungs"] == 0.8
    assert np.isnan(frame.loc["old", "quality (frozen) SSIM"])


def test_modes_stand_below_the_headline_on_eighty_columns(rng):
    console = Console(record=True, width=80, file=io.StringIO())
    entries = [with_modes_too(entry(name, 0.8, 0.9, params={"b": 8}, rng=rng)) for name in ("prichexy", "dp-pix")]
    print_sheets(leaderboard_sheets(make_boards(entries)), console)
    told = console.export_text().splitlines()
    assert max(map(len, told)) <= 80
    assert sum("retrained-transfer" in line and "contrastive" in line for line in told) == 2
    assert sum("0.812" in line for line in told) == 2


def test_html_of_untrusted_names_is_inert(rng):
    page = as_html(leaderboard_sheets(make_boards([entry("<script>alert(1)</script>", 0.8, 0.9, rng=rng)])))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_markdown_of_untrusted_names_keeps_its_columns(rng):
    text = as_markdown(leaderboard_sheets(make_boards([entry("a|b", 0.8, 0.9, rng=rng)])))
    assert r"| a\|b | certified |" in text


def test_every_warning_is_told_once():
    runs = [record("a", 0.8, 0.9, warnings=["few pairs"]), record("b", 0.7, 0.9, warnings=["few pairs", "old"])]
    named = [(run.label, run) for run in runs]
    assert warnings_of(named[:1]) == ["a: few pairs."]
    assert warnings_of(named) == ["all: few pairs.", "b: old."]


def test_label_names_what_the_user_chose():
    run = record("dp-pix", 0.5, 0.5, params={"b": 8, "m": 1})
    assert run.label == "dp-pix b=8"


def test_people_and_machines_get_the_same_figures(rng):
    (board,) = make_boards([with_modes_too(entry(name, p, 0.9, rng=rng)) for name, p in (("a", 0.6), ("b", 0.8))])
    table = leaderboard(board)
    (group,) = table.groups
    frame = as_frame([table])
    titles = [column.title for column in table.columns]
    for cells, (_, figures) in zip(group.rows, frame.iterrows(), strict=True):
        told = dict(zip(titles, cells, strict=True))
        for title, name in (("worst-case AUC ↓", "worst_case"), ("classification AUC ↑", "classification")):
            value, low, high = (figures[f"{name}_{part}"] for part in ("auc", "low", "high"))
            assert told[title].text == f"{value:.3f} [{low:.3f}, {high:.3f}]"
        assert told["retrained-transfer ↑"].text == f"{figures['classification (retrained-transfer) auc']:.3f}"
        assert told["paper ↓"].text == f"{figures['siamese (paper) auc']:.3f}"
        assert told["Pareto front"].sort == figures["on_front"]


def test_a_line_below_belongs_to_its_own_run(rng):
    console = Console(record=True, width=100, file=io.StringIO())
    runs = [("good", 0.6, 0.9), ("worse", 0.9, 0.6)]
    print_sheets(leaderboard_sheets(make_boards([entry(name, p, u, rng=rng) for name, p, u in runs])), console)
    lines = console.export_text().splitlines()
    below = next(line for line in lines if "beaten by good" in line)
    assert lines[lines.index(below) - 1].startswith("worse")
    assert "contrastive (informed)" in below


def test_open_runs_stand_between_certified_and_weak_ones_and_say_why(rng):
    entries = [entry("certain", 0.9, 0.9, rng=rng), entry("starved", 0.5, 0.9, verdict="weak", rng=rng)]
    (board,) = make_boards([*entries, entry("hiding", 0.5, 0.9, verdict="open", rng=rng)])
    table = leaderboard(board)
    assert [(group.title or "").partition(":")[0] for group in table.groups] == [
        "",
        "Not ranked, because the release is open",
        "Not ranked, because the attack is not proven",
    ]
    assert [row[0].text for group in table.groups for row in group.rows] == ["certain", "hiding", "starved"]
    text = as_markdown(leaderboard_sheets([board]))
    assert text.index("hiding: the release is open, so a low figure is no evidence") < text.index("| --- |")
    assert "| hiding | NOT PROVEN: open | 0.500 [0.450, 0.550]<br>" in text
    assert "| 0.400 [0.352, 0.450] |" in text, "its own-image match"
    frame = as_frame([table]).set_index("anonymizer")
    assert frame["release"].fillna("").to_dict() == {"certain": "saturated", "hiding": "open", "starved": ""}
    assert frame.loc["hiding", "contrastive (informed) own_image_match"] == 0.4


def test_a_method_that_publishes_others_is_marked(rng):
    """However private it ranks."""
    runs = [entry("copier", 0.5, 0.9, rng=rng), entry("plain", 0.6, 0.8, rng=rng), entry("old", 0.7, 0.7, rng=rng)]
    known = [dataclasses.replace(one, record=one.record.model_copy(update={"copies": copies(share)}))
             for one, share in zip(runs, (0.98, 0.02), strict=False)]  # fmt: skip
    (board,) = make_boards([*known, runs[2]])
    frame = as_frame([leaderboard(board)]).set_index("anonymizer")
    assert frame.loc["copier", "copies_of_others"] == 0.98
    assert frame["copies_of_others"].isna().tolist() == [False, False, True]
    marks = {row[0].text: row[2] for row in leaderboard(board).groups[0].rows}
    assert (marks["copier"].text, marks["copier"].doubtful) == ("98% OF OTHERS", True)
    assert (marks["plain"].text, marks["old"].text) == ("–", "–")
    console = Console(record=True, width=80, file=io.StringIO())
    print_sheets(leaderboard_sheets([board]), console)
    assert "COPIES: 98%" in console.export_text()
