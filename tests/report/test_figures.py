import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import around, change

from privbench.report.figures import change_text, digits_for, interval_text, p_text


def test_figures_are_written_as_people_read_them():
    assert interval_text(0.8125, around(0.8125)) == "0.812 [0.762, 0.863]"
    assert interval_text(0.5, None) == "0.500"
    assert change_text(None) == "–"
    assert change_text(change(-0.081)) == "-0.081 [-0.131, -0.031]"
    assert [p_text(value) for value in (None, 0.0004, 0.012, 1.0)] == ["–", "<0.001", "0.012", "1.000"]
    assert [digits_for(value) for value in (0.0, 42.0, 0.936, 0.01, 0.0032, -0.00046)] == [3, 3, 3, 3, 4, 5]


@given(st.floats(1e-9, 1e6), st.booleans())
def test_small_figures_keep_two_digits(value, negative):
    value = -value if negative else value
    assert float(f"{value:.{digits_for(value)}f}") == pytest.approx(value, rel=0.0501)
