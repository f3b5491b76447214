import pytest
from matplotlib.legend import Legend

from privbench.report.plots.canvas import legend_height, new_canvas, render
from privbench.report.plots.style import Series, plot_style

SHORT, HALF, LONG = "blur", "latent-centroid, clusters 256…16", "a method of a name that takes more than half of a line"
NOT_PROVEN = "(not proven)"


def drawn(names, certified):
    """The legend as it was laid out, and the height in inches that it takes."""
    series = [Series(name, number, certified=certified) for number, name in enumerate(names)]
    with plot_style():
        canvas = new_canvas(3.0, series)
        render(canvas.whole, "png")
        (legend,) = canvas.whole.findobj(Legend)
        height = legend.get_window_extent().height / canvas.whole.dpi
    return legend, height, legend_height(series)


@pytest.mark.parametrize("certified", [True, False])
@pytest.mark.parametrize(
    ("names", "columns"), [([SHORT] * 5, 2), ([HALF] * 9, 2), ([SHORT, HALF], 2), ([SHORT] * 9 + [LONG], 1)]
)
def test_a_legend_has_two_columns_where_names_fit_and_as_much_room_as_it_takes(names, columns, certified):
    legend, height, room = drawn(names, certified)
    assert len({round(text.get_window_extent().x0) for text in legend.get_texts()}) == columns
    assert 0 <= room - height < 0.3


def test_what_is_not_proven_stands_below_a_name_that_it_does_not_fit_beside():
    legend, *_ = drawn([SHORT, HALF], certified=False)
    assert [text.get_text() for text in legend.get_texts()] == [f" {SHORT} {NOT_PROVEN}", f" {HALF}\n {NOT_PROVEN}"]
    wide, *_ = drawn([LONG], certified=False)
    assert wide.get_texts()[0].get_text() == f" {LONG} {NOT_PROVEN}"
