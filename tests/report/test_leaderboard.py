import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from records import around, change, entry, record, with_modes
from rich.console import Console

from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.judging.ranking import make_boards
from privbench.record.values import Interval
from privbench.report.contact_sheet import draw_contact_sheet
from privbench.report.curves import draw_curves
from privbench.report.figures import change_text, digits_for, p_text, with_interval
from privbench.report.leaderboard import as_frame, as_html, as_markdown
from privbench.report.notes import footnote
from privbench.report.summary import print_summary
from privbench.report.terminal import print_boards
from privbench.report.tradeoff import _arms, draw_tradeoff, front_line
from privbench.running.examples import choose_images


def test_images_are_chosen_by_rule():
    patients = np.arange(20).repeat(3)
    none = Pairs(np.array([]), np.array([]), np.array([]))
    split = Split(np.zeros((60, 1, 4, 4), np.uint8), pd.DataFrame({"patient": patients}), (), none)
    assert choose_images(split, 5).tolist() == [0, 15, 30, 42, 57]
    assert choose_images(split, 100).tolist() == list(range(0, 60, 3))


def test_tables_keep_fingerprints_apart_and_tell_why(rng):
    runs = [("a", 0.8, 0.9, "0"), ("b", 0.6, 0.7, "0"), ("c", 0.5, 0.5, "f")]
    boards = make_boards([entry(name, p, u, fingerprint=f * 64, rng=rng) for name, p, u, f in runs])
    assert [[run.label for run in board.records] for board in boards] == [["c"], ["b", "a"]]
    text = as_markdown(boards)
    worst, utility = "0.600 [0.550, 0.650]", "0.700 [0.650, 0.750]"
    row = f"| b | yes | 1 | 2 | {worst} | contrastive (informed) | 0.500 | 0.600 | {utility} | yes |"
    assert row in text
    assert text.index("| b |") < text.index("| a |")
    assert (
        f"Fingerprint {'0' * 12} shares no table with {'f' * 12}: fingerprint: ffffffffffff… / 000000000000…." in text
    )
    frame = as_frame(boards)
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
    table = as_markdown([board])
    doubt = "starved: the attack is weak, so a low figure is no evidence of privacy"
    assert table.index(doubt) < table.index("| --- |")
    assert "| starved | NO: weak | – | – |" in table
    assert as_frame([board])["verdict"].tolist() == ["certified", "weak"]
    console = Console(record=True, width=160, file=io.StringIO())
    print_summary(starved.record, console)
    told = console.export_text()
    assert told.startswith(doubt)
    assert "weak: 0.950 on originals" in told


def test_the_terminals_table_fits_eighty_columns(rng):
    console = Console(record=True, width=80, file=io.StringIO())
    entries = [entry(name, 0.8, 0.9, params={"b": 8}, rng=rng) for name in ("prichexy", "dp-pix")]
    print_boards(make_boards([*entries, entry("weak", 0.4, 0.5, verdict="weak", rng=rng)]), console)
    told = console.export_text()
    assert max(map(len, told.splitlines())) <= 80
    assert "0.800 [0.750, 0.850]" in told
    assert "1–2" in told
    assert "attack weak" in told


def with_modes_too(one):
    return dataclasses.replace(one, record=with_modes(one.record))


def test_every_mode_of_the_headlines_task_has_a_column(rng):
    (board,) = make_boards([with_modes_too(entry("new", 0.6, 0.9, rng=rng)), entry("old", 0.8, 0.9, rng=rng)])
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in as_markdown([board]).splitlines()]
    head, _, new, old = (line for line in lines if line)
    assert "classification AUC ↑" in head
    place = head.index("retrained-transfer ↑")
    assert (new[place], old[place]) == ("0.812", "–")
    frame = as_frame([board]).set_index("anonymizer")
    assert frame.loc["new", "classification_auc"] == frame.loc["new", "classification (frozen) auc"] == 0.9
    assert frame.loc["new", "classification (retrained-transfer) auc"] == 0.812
    assert frame.loc["new", "classification (retrained-transfer) change"] == pytest.approx(-0.081)
    assert frame.loc["new", "segmentation (frozen) Dice of the lungs"] == 0.8
    assert np.isnan(frame.loc["old", "quality (frozen) SSIM"])


def test_modes_stand_below_the_headline_on_eighty_columns(rng):
    console = Console(record=True, width=80, file=io.StringIO())
    entries = [with_modes_too(entry(name, 0.8, 0.9, params={"b": 8}, rng=rng)) for name in ("prichexy", "dp-pix")]
    print_boards(make_boards(entries), console)
    told = console.export_text().splitlines()
    assert max(map(len, told)) <= 80
    assert sum("retrained-transfer 0.812" in line for line in told) == 2


def test_the_summary_tells_every_mode_beside_originals():
    run = with_modes(record("a", 0.8, 0.9, warnings=["lost: Effusion (0.90 to 0.70)", "the gap widened"]))
    console = Console(record=True, width=100, file=io.StringIO())
    print_summary(run, console)
    told = console.export_text().splitlines()
    assert max(map(len, told)) <= 100
    rows = [" ".join(line.split()) for line in told]
    assert "classification (frozen) 0.900 [0.850, 0.950] 0.893 +0.000 [-0.050, +0.050]" in rows
    assert "classification (retrained-transfer) 0.812 [0.762, 0.862] 0.893 -0.081 [-0.131, -0.031]" in rows
    assert "PSNR, dB ↑ 31.500 [31.450, 31.550] – –" in rows
    assert "Dice of the lungs ↑ 0.800 [0.750, 0.850] 0.900 -0.100 [-0.150, -0.050]" in rows
    assert not any("sharpness" in row for row in rows), "neither more nor less of it is better"
    assert rows[-2:] == ["! lost: Effusion (0.90 to 0.70).", "! the gap widened."]


def test_figures_are_written_as_people_read_them():
    assert with_interval(0.8125, around(0.8125)) == "0.812 [0.762, 0.863]"
    assert with_interval(0.5, None) == "0.500"
    assert change_text(None) == "–"
    assert change_text(change(-0.081)) == "-0.081 [-0.131, -0.031]"
    assert [p_text(value) for value in (None, 0.0004, 0.012, 1.0)] == ["–", "<0.001", "0.012", "1.000"]
    assert [digits_for(value) for value in (0.0, 42.0, 0.936, 0.01, 0.0032, -0.00046)] == [3, 3, 3, 3, 4, 5]


@given(st.floats(1e-9, 1e6), st.booleans())
def test_small_figures_keep_two_digits(value, negative):
    value = -value if negative else value
    assert float(f"{value:.{digits_for(value)}f}") == pytest.approx(value, rel=0.0501)


def test_html_of_untrusted_names_is_inert(rng):
    page = as_html(make_boards([entry("<script>alert(1)</script>", 0.8, 0.9, rng=rng)]))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_markdown_of_untrusted_names_keeps_its_columns(rng):
    text = as_markdown(make_boards([entry("a|b", 0.8, 0.9, rng=rng)]))
    assert r"| a\|b | yes |" in text


def test_warnings_stand_below_the_table():
    runs = [record("a", 0.8, 0.9, warnings=["few pairs"]), record("b", 0.7, 0.9, warnings=["few pairs", "old"])]
    assert "a: few pairs." in footnote(runs[:1])
    assert "all: few pairs. b: old." in footnote(runs)


def test_label_names_what_the_user_chose():
    run = record("dp-pix", 0.5, 0.5, params={"b": 8, "m": 1})
    assert run.label == "dp-pix b=8"


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_plots_are_drawn(tmp_path, ending, rng):
    boards = make_boards([entry("a", 0.8, 0.9, rng=rng), entry("b", 0.45, 0.4, fingerprint="f" * 64, rng=rng)])
    draw_tradeoff(boards, tmp_path / f"plot.{ending}")
    assert (tmp_path / f"plot.{ending}").stat().st_size > 5000


def test_the_front_goes_in_steps_through_the_best(rng):
    points = {"a": (0.5, 0.5), "b": (0.7, 0.8), "c": (0.75, 0.7), "d": (0.9, 0.9)}  # c is dominated by b
    (board,) = make_boards([entry(name, attacked, useful, rng=rng) for name, (attacked, useful) in points.items()])
    useful, attacked = front_line(board.standings)
    assert useful == [0.5, 0.5, 0.8, 0.8, 0.9]
    assert attacked == [0.5, 0.7, 0.7, 0.9, 0.9]


def test_error_bars_are_never_negative():
    interval = Interval(low=0.5, high=0.6, confidence=0.95, method="", resamples=100)
    assert _arms(0.7, interval) == [[pytest.approx(0.2)], [0.0]]


def test_contact_sheet_and_curves_are_pictures(tmp_path, rng):
    images = rng.integers(0, 256, (3, 1, 16, 16)).astype(np.uint8)
    draw_contact_sheet(images, images, "identity", tmp_path / "sheet.png")
    curves = pd.DataFrame(
        [{"stage": "s", "training": "t", "epoch": e, "train_loss": 1 / (e + 1), "val_loss": 1.0} for e in range(3)]
    )
    draw_curves(curves, tmp_path / "curves.png")
    for name in ("sheet.png", "curves.png"):
        assert np.asarray(Image.open(tmp_path / name)).std() > 5
