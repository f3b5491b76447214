import numpy as np
import pandas as pd
import pytest
from PIL import Image
from records import entry
from report_runs import linkage_scores, retrieval_ranks

from privbench.judging.ranking import make_boards
from privbench.metrics.retrieval import cumulative_match
from privbench.metrics.roc import auc
from privbench.record.examples import Examples
from privbench.report.plots import change_maps, cmc, roc_det
from privbench.report.plots.budget_curves import write_budget
from privbench.report.plots.contact_sheet import draw_contact_sheet
from privbench.report.plots.tradeoff import front_line, write_tradeoffs
from privbench.report.plots.training_curves import write_training


def test_area_above_the_curve_is_the_auc(rng):
    scores = linkage_scores(rng)  # rounded, so that many are equal
    missed = roc_det.false_non_match_rates(scores)
    mean = np.mean([auc(part["mated"].to_numpy(), part["score"].to_numpy()) for _, part in scores.groupby("seed")])
    assert 1 - np.trapezoid(missed, roc_det.FALSE_MATCH_RATES) == pytest.approx(mean, abs=0.01)
    constant = roc_det.false_non_match_rates(scores.assign(score=0.0))
    assert constant == pytest.approx(1 - roc_det.FALSE_MATCH_RATES, abs=1e-6)


def test_match_rates_agree_with_the_metric_and_a_guess_with_chance(rng):
    ranks = retrieval_ranks(rng)
    at = cmc.ranks_of(30)
    assert at[0] == 1
    assert at[-1] == 31
    expected = [np.mean([cumulative_match(part, k) for _, part in ranks.groupby("seed")]) for k in at]
    assert cmc.match_rates(ranks, at) == pytest.approx(expected)
    guess = cmc.guessed_rates(ranks, at)  # two mates among 32: neither is among the first k
    assert guess == pytest.approx([1 - (32 - k) * (31 - k) / (32 * 31) for k in at])
    single = ranks.drop_duplicates(["seed", "probe"])
    assert cmc.guessed_rates(single, at) == pytest.approx(at / 31)


def test_determinant_of_a_linear_map():
    y, x = np.mgrid[0:8, 0:10].astype(float)
    field = np.stack([0.5 * x + 0.25 * y, -0.5 * x + 1.0 * y])[None]  # Jacobian [[1.5, 0.25], [-0.5, 2]]
    assert change_maps.determinants(field) == pytest.approx(np.full((1, 8, 10), 1.5 * 2 + 0.25 * 0.5))
    still = change_maps.measure(np.zeros((1, 2, 8, 8)))
    assert (still.folded, still.median, still.high) == (0, 0, 0)
    folded = change_maps.measure(np.stack([-2 * x, 0 * x])[None])
    assert folded.folded == 1
    assert folded.median == pytest.approx(np.median(2 * x))


def test_pictures_show_folds_and_the_direction_of_a_difference():
    values = np.array([[1.0, -0.5], [2.0, 0.1]])
    picture = change_maps.determinant(values, 1.0).convert("RGB")
    assert picture.getpixel((1, 0)) == change_maps.FOLDED
    assert picture.getpixel((1, 1)) != change_maps.FOLDED
    changed = change_maps.difference(np.array([[10, 10]], np.uint8), np.array([[5, 15]], np.uint8), 5).convert("RGB")
    (darker, brighter) = (changed.getpixel((column, 0)) for column in (0, 1))
    assert darker[2] > darker[0]  # blue
    assert brighter[0] > brighter[2]  # red
    assert change_maps.displacement_field(np.zeros((2, 16, 12)), 1e-6).size == (12 * 22, 16 * 22)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_plots_are_drawn(tmp_path, ending, rng):
    boards = make_boards([entry("a", 0.8, 0.9, rng=rng), entry("b", 0.45, 0.4, fingerprint="f" * 64, rng=rng)])
    write_tradeoffs(boards, tmp_path / f"plot.{ending}")
    assert (tmp_path / f"plot.{ending}").stat().st_size > 5000


def test_the_front_goes_in_steps_through_the_best(rng):
    points = {"a": (0.5, 0.5), "b": (0.7, 0.8), "c": (0.75, 0.7), "d": (0.9, 0.9)}  # c is dominated by b
    (board,) = make_boards([entry(name, attacked, useful, rng=rng) for name, (attacked, useful) in points.items()])
    useful, attacked = front_line(board.standings)
    assert useful == [0.5, 0.5, 0.8, 0.8, 0.9]
    assert attacked == [0.5, 0.7, 0.7, 0.9, 0.9]


def test_contact_sheet_and_curves_are_pictures(tmp_path, rng):
    images = rng.integers(0, 256, (3, 1, 16, 16)).astype(np.uint8)
    draw_contact_sheet(Examples(images, images, None), "identity", tmp_path / "sheet.png")
    curves = pd.DataFrame(
        [{"stage": "s", "training": "t", "epoch": e, "train_loss": 1 / (e + 1), "val_loss": 1.0} for e in range(3)]
    )
    write_training(curves, tmp_path / "curves.png")
    for name in ("sheet.png", "curves.png"):
        assert np.asarray(Image.open(tmp_path / name)).std() > 5


def test_a_budget_is_drawn_with_the_end_that_still_rises(tmp_path):
    columns = ["axis", "factor", "amount", "auc", "low", "high", "unsaturated"]
    rows = [("epochs", 0.5, 4, 0.6, 0.55, 0.65, False), ("epochs", 1.0, 8, 0.7, 0.65, 0.75, False)]
    for name, last in (("flat", False), ("rising", True)):
        frame = pd.DataFrame([*rows, ("epochs", 2.0, 16, 0.8, 0.75, 0.85, last)], columns=columns)
        write_budget(frame, "$a run$", tmp_path / f"{name}.svg")
    flat, rising = ((tmp_path / f"{name}.svg").read_text(encoding="utf-8") for name in ("flat", "rising"))
    assert "still rising" in rising
    assert "still rising" not in flat
    assert "$a run$" in flat, "a dollar sign is a dollar sign"


def test_a_file_of_the_tradeoff_explains_itself(tmp_path, rng):
    weak = entry("starved", 0.5, 0.9, verdict="weak", rng=rng)
    write_tradeoffs(make_boards([entry("honest", 0.8, 0.9, rng=rng), weak]), tmp_path / "plot.svg")
    told = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    for words in (
        "honest",
        "starved (not proven)",
        "hollow: not proven",
        "dashed: the Pareto front",
    ):
        assert words in told
