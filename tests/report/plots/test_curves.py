import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from records import entry

from privbench.judging.ranking import make_boards
from privbench.report.notes import named_runs
from privbench.report.plots.curves import curves_of
from privbench.report.plots.labels import LETTER, LINE, places_beside
from privbench.report.plots.style import COLORS, FADED, MUTED, PAPER, series_of
from privbench.report.plots.tradeoff import draw_tradeoff, write_tradeoffs

RUNS = [
    ("identity", 0.95, 0.9, None),
    ("good", 0.9, 0.88, 1),
    ("good", 0.7, 0.86, 2),
    ("good", 0.6, 0.8, 4),
    ("bad", 0.92, 0.8, 1),
    ("bad", 0.8, 0.7, 2),
    ("mixed", 0.93, 0.899, 1),
    ("mixed", 0.85, 0.6, 3),
    ("starved", 0.5, 0.85, 1),
    ("starved", 0.55, 0.87, 2),
]


@pytest.fixture
def board(rng):
    entries = [
        entry(name, attacked, useful, rng=rng, spread=0.002, params={} if setting is None else {"b": setting},
              verdict="weak" if name == "starved" else "certified")
        for name, attacked, useful, setting in RUNS
    ]  # fmt: skip
    (board,) = make_boards(entries)
    return board


def drawn(board):
    series, axes = series_of(named_runs(board)), Figure().subplots()
    draw_tradeoff(axes, curves_of(series, board.standings), board.standings)
    return axes, {line.get_gid(): line for line in axes.get_lines() if line.get_gid()}


def test_a_method_is_one_curve_of_one_colour_and_what_is_dominated_is_grey(board):
    _, lines = drawn(board)
    names = [run.label for run in board.records]
    marks = {name: lines[f"run-{number}"] for number, name in enumerate(names)}
    color = {name: to_hex(line.get_color()) for name, line in marks.items()}
    beaten = {one.entry.record.label for one in board.standings if one.dominated_by}
    assert beaten == {"bad b=1", "bad b=2", "mixed b=3"}
    assert {name for name in names if color[name] == FADED} == beaten
    own = {method: {color[name] for name in names if name.startswith(method)} - {FADED} for method, *_ in RUNS}
    assert [len(own[method]) for method in ("identity", "good", "mixed", "starved")] == [1, 1, 1, 1]
    assert len(set.union(*own.values())) == 4
    for method in ("good", "bad", "starved"):
        assert len({str(marks[name].get_marker()) for name in names if name.startswith(method)}) == 1
    assert {name for name in names if to_hex(marks[name].get_markerfacecolor()) == PAPER} == {
        "starved b=1",
        "starved b=2",
    }
    joined = [line for gid, line in lines.items() if gid.startswith("curve-")]
    ways = {tuple(map(tuple, line.get_xydata().round(3).tolist())) for line in joined}
    assert ((0.88, 0.9), (0.86, 0.7), (0.8, 0.6)) in ways, "from weak to strong"
    assert len(ways) == 4, "a method of one setting has no line"
    (of_bad,) = [line for line in joined if tuple(line.get_xdata()) == (0.8, 0.7)]
    assert to_hex(of_bad.get_color()) == FADED


def test_strengths_stand_at_points_and_the_legend_lists_methods(board):
    axes, _ = drawn(board)
    texts = [(text.get_text(), to_hex(text.get_color())) for text in axes.texts]
    assert sorted(text for text, _ in texts) == ["1", "1", "1", "1", "2", "2", "2", "3", "4"]
    assert FADED not in {color for _, color in texts}
    assert MUTED in {color for _, color in texts}
    curves = curves_of(series_of(named_runs(board)), board.standings)
    assert [(one.series.name, one.series.certified, one.series.dominated) for one in curves] == [
        ("good, b 1…4", True, False),
        ("bad, b 1…2", True, True),
        ("mixed, b 1…3", True, False),
        ("identity", True, False),
        ("starved, b 2…1", False, False),
    ]


def test_the_file_tells_how_to_read_curves(board, tmp_path):
    write_tradeoffs([board], tmp_path / "plot.svg")
    told = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    for words in ("a method from weak to strong", "grey: surely beaten in both", "good, b 1…4", "starved, b 2…1 (not"):
        assert words in told
    assert "good b=1" not in told


def test_a_board_of_single_settings_looks_as_it_always_did(rng):
    runs = [("identity", 0.95, 0.9), ("good", 0.6, 0.8), ("bad", 0.9, 0.6)]
    (board,) = make_boards([entry(name, p, u, rng=rng, spread=0.002, params={"b": 1}) for name, p, u in runs])
    assert [one.dominated_by and one.dominated_by.record.label for one in board.standings] == [None, "good b=1", None]
    axes, lines = drawn(board)
    assert [to_hex(lines[f"run-{number}"].get_color()) for number in range(3)] == list(COLORS[:3])
    assert (len(axes.texts), [gid for gid in lines if gid.startswith("curve")]) == (0, [])
    series = series_of(named_runs(board))
    assert [one.series for one in curves_of(series, board.standings)] == series


def test_settings_of_several_parameters_name_them_once(rng):
    noise = [({"sigma": 0.05, "decibels": None}, 0.9), ({"sigma": None, "decibels": 0}, 0.7)]
    entries = [entry("noise", 0.8, useful, params=params, rng=rng) for params, useful in noise]
    (board,) = make_boards(entries)
    (curve,) = curves_of(series_of(named_runs(board)), board.standings)
    assert curve.series.name == "noise, sigma and decibels"
    assert [point.strength for point in curve.points] == ["0.05, –", "–, 0"]


def test_no_two_of_many_methods_look_alike_and_none_is_greyish(rng):
    entries = [entry(f"m{n}", 0.8, 0.7, params={"b": b}, rng=rng) for n in range(30) for b in (1, 2)]
    (board,) = make_boards(entries)
    curves = curves_of(series_of(named_runs(board)), board.standings)
    looks = {(one.series.color, one.series.marker) for one in curves}
    assert len(looks) == 30
    assert COLORS[-1] not in {color for color, _ in looks}


place = st.tuples(st.floats(0, 200), st.floats(0, 100))


@given(st.lists(place, min_size=1, max_size=12), st.data())
def test_texts_cover_no_text_and_no_other_point(points, data):
    texts = data.draw(st.lists(st.text("0123456789.", min_size=1, max_size=6), max_size=len(points)))
    found = places_beside(points, texts, 6.5, (200.0, 100.0), [])
    assert len(found) == len(texts)
    boxes = []
    for (x, y), text, one in zip(points, texts, found, strict=False):
        if one is None:
            continue
        width, height = 6.5 * LETTER * len(text), 6.5 * LINE
        left = x + one.move[0] - {"left": 0, "center": width / 2, "right": width}[one.across]
        low = y + one.move[1] - {"bottom": 0, "center": height / 2, "top": height}[one.along]
        box = (left, low, left + width, low + height)
        others = [other for other in points if other != (x, y)]
        assert not any(box[0] < a < box[2] and box[1] < b < box[3] for a, b in others)
        assert box[0] >= 0
        assert box[1] >= 0
        assert box[2] <= 200
        assert box[3] <= 100
        assert not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in boxes)
        boxes.append(box)


def test_a_text_avoids_lines_where_it_can_and_goes_where_there_is_room():
    alone = places_beside([(50.0, 50.0)], ["12"], 6.5, (100.0, 100.0), [])
    assert (alone[0].across, alone[0].along) == ("left", "bottom")
    crossed = places_beside([(50.0, 50.0)], ["12"], 6.5, (100.0, 100.0), [((50.0, 50.0), (90.0, 90.0))])
    assert (crossed[0].across, crossed[0].along) == ("left", "top")
    assert places_beside([(5.0, 5.0)], ["a long text"], 6.5, (20.0, 10.0), []) == [None]
