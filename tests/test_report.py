import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from records import entry, record
from rich.console import Console

from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.examples import choose_images
from privbench.ranking import make_boards
from privbench.report.contact_sheet import draw_contact_sheet
from privbench.report.curves import draw_curves
from privbench.report.leaderboard import as_frame, as_html, as_markdown, footnote
from privbench.report.summary import print_summary
from privbench.report.terminal import print_boards
from privbench.report.tradeoff import _arms, draw_tradeoff, front_line
from privbench.results import Interval


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
