"""A method is a curve through what it does at each strength, as far as that is proven."""

import matplotlib.pyplot as plt
import pytest
from records import entry

from privbench.judging.ranking import make_boards
from privbench.report.plots.method_curves import curves_of, draw_method_curves


@pytest.fixture
def curves(rng):
    runs = [("B", 0.6, 0.6), ("A", 0.9, 0.9), ("A", 0.7, 0.7), ("A", 0.8, 0.8), ("C", 0.5, 0.5)]
    verdicts = ["certified", "certified", "certified", "open", "open"]
    made = [
        entry(f"{name}{number}", *figures, rng=rng, verdict=verdict)
        for number, ((name, *figures), verdict) in enumerate(zip(runs, verdicts, strict=True))
    ]
    (board,) = make_boards(made)
    return curves_of([(one.entry.record.label[0], one) for one in board.standings])


def test_runs_of_a_method_are_joined_from_the_least_useful_to_the_most(curves):
    assert [(one.series.name, one.series.number, one.series.certified) for one in curves] == [
        ("A", 0, True), ("B", 1, True), ("C", 2, False),
    ]  # fmt: skip
    assert [one.entry.record.utilities[0].mean_auc for one in curves[0].standings] == [0.7, 0.8, 0.9]
    assert [curves[0].mark(number) for number in range(3)] == ["run-0-0", "run-0-1", "run-0-2"]


def test_no_curve_goes_through_what_is_not_proven(curves):
    axes = plt.figure().subplots()
    draw_method_curves(axes, curves)
    drawn = {line.get_gid(): line for line in axes.lines if line.get_gid()}
    assert list(zip(*drawn["run-0"].get_data(), strict=True)) == [(0.7, 0.7), (0.9, 0.9)]
    assert "run-2" not in drawn, "nothing of it is proven"
    points = {gid: line.get_markerfacecolor() for gid, line in drawn.items() if gid.count("-") == 2}
    assert len(points) == 5
    hollow = {gid for gid, color in points.items() if color == "#ffffff"}
    assert hollow == {"run-0-1", "run-2-0"}
    plt.close("all")
