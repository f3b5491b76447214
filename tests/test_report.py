import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from records import record
from rich.console import Console

from privbench.data.pairs import Pairs
from privbench.data.splits import Split
from privbench.report.contact_sheet import choose_images, draw_contact_sheet
from privbench.report.curves import draw_curves
from privbench.report.leaderboard import as_frame, as_markdown, group_by_fingerprint
from privbench.report.summary import print_summary
from privbench.report.tradeoff import _arms, draw_tradeoff
from privbench.results import Interval


def test_images_are_chosen_by_rule():
    patients = np.arange(20).repeat(3)
    none = Pairs(np.array([]), np.array([]), np.array([]))
    split = Split(np.zeros((60, 1, 4, 4), np.uint8), pd.DataFrame({"patient": patients}), (), none)
    assert choose_images(split, 5).tolist() == [0, 15, 30, 42, 57]
    assert choose_images(split, 100).tolist() == list(range(0, 60, 3))


def test_tables_keep_fingerprints_apart_and_sort_by_privacy():
    runs = [record("a", 0.8, 0.9), record("b", 0.6, 0.7), record("c", 0.5, 0.5, fingerprint="f" * 64)]
    groups = group_by_fingerprint(runs)
    assert [[run.label for run in group] for group in groups.values()] == [["c"], ["b", "a"]]
    table = as_markdown(groups["0" * 64])
    worst, utility = "0.600 [0.550, 0.650]", "0.700 [0.650, 0.750]"
    assert f"| b | yes | {worst} | contrastive (informed) | 0.500 | 0.600 | {utility} |" in table
    assert table.index("| b |") < table.index("| a |")
    frame = as_frame(groups["0" * 64])
    assert frame["worst_case_auc"].tolist() == [0.6, 0.8]
    assert frame["fingerprint"].nunique() == 1
    assert frame["siamese (paper) auc"].tolist() == [0.5, 0.5]


def test_what_is_not_proven_says_so_first_and_ranks_last():
    """A starved attack makes every anonymizer look private."""
    runs = [record("starved", 0.5, 0.9, verdict="weak"), record("honest", 0.9, 0.9)]
    groups = group_by_fingerprint(runs)
    assert [run.label for run in groups["0" * 64]] == ["honest", "starved"]
    table = as_markdown(groups["0" * 64])
    doubt = "starved: the attack is weak, so a low figure is no evidence of privacy"
    assert table.index(doubt) < table.index("| --- |")
    assert "| starved | NO: weak |" in table
    assert as_frame(runs)["verdict"].tolist() == ["weak", "certified"]
    console = Console(record=True, width=160, file=io.StringIO())
    print_summary(runs[0], console)
    told = console.export_text()
    assert told.startswith(doubt)
    assert "weak: 0.950 on originals" in told


def test_warnings_stand_below_the_table():
    runs = [record("a", 0.8, 0.9, warnings=["few pairs"]), record("b", 0.7, 0.9, warnings=["few pairs", "old"])]
    assert "a: few pairs." in as_markdown(runs[:1])
    assert "all: few pairs. b: old." in as_markdown(runs)


def test_label_names_what_the_user_chose():
    run = record("dp-pix", 0.5, 0.5, params={"b": 8, "m": 1})
    assert run.label == "dp-pix b=8"


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_plots_are_drawn(tmp_path, ending):
    groups = group_by_fingerprint([record("a", 0.8, 0.9), record("b", 0.45, 0.4, fingerprint="f" * 64)])
    draw_tradeoff(groups, tmp_path / f"plot.{ending}")
    assert (tmp_path / f"plot.{ending}").stat().st_size > 5000


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
