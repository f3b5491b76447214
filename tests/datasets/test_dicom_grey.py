"""The grey of stored values is what the standard says, in closed form and value by value."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privbench.datasets.dicom_grey import GreyRule, LookUpTable, Window

FEW = settings(max_examples=60, derandomize=True, deadline=None, database=None)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_without_a_window_all_stored_values_are_shown(bits, signed):
    greys, white = GreyRule(bits, signed).greys()
    assert np.array_equal(greys, np.arange(2**bits))
    assert white == 2**bits - 1
    inverted, _ = GreyRule(bits, signed, inverted=True).greys()
    assert np.array_equal(inverted, greys[::-1])


@pytest.mark.parametrize("slope", [0.25, 1.0, 3.0, -2.0])
def test_a_rescaling_without_a_window_changes_no_grey_and_a_negative_one_inverts(slope):
    greys, white = GreyRule(12, slope=slope, intercept=-1024).greys()
    plain = np.arange(4096) if slope > 0 else np.arange(4096)[::-1]
    assert greys / white == pytest.approx(plain / 4095)


def test_the_whole_window_keeps_whole_numbers():
    greys, white = GreyRule(12, voi=Window(2048, 4096, "LINEAR")).greys()
    assert np.array_equal(greys, np.arange(4096))
    assert white == 4095


def linear(x, c, w):
    """PS3.3 C.11.2.1.2.1, in its own words, with an output from 0 to 1."""
    if x <= c - 0.5 - (w - 1) / 2:
        return 0
    if x > c - 0.5 + (w - 1) / 2:
        return 1
    return (x - (c - 0.5)) / (w - 1) + 0.5


def linear_exact(x, c, w):
    """C.11.2.1.3.2."""
    if x <= c - w / 2:
        return 0
    return 1 if x > c + w / 2 else (x - c) / w + 0.5


def sigmoid(x, c, w):
    """C.11.2.1.3.1."""
    return 1 / (1 + math.exp(min(-4 * (x - c) / w, 700)))


@FEW
@given(
    st.sampled_from([linear, linear_exact, sigmoid]), st.floats(-300, 300), st.floats(1.5, 600), st.booleans(),
    st.booleans(), st.floats(0.1, 4), st.floats(-100, 100),
)  # fmt: skip
def test_windows_are_those_of_the_standard(function, center, width, signed, inverted, slope, intercept):
    window = Window(center, width, function.__name__.upper())
    rule = GreyRule(8, signed, inverted, slope, intercept, voi=window)
    greys, white = rule.greys()
    shown = [function(x * slope + intercept, center, width) for x in rule.stored]
    assert greys / white == pytest.approx([1 - y if inverted else y for y in shown], abs=1e-9)


@FEW
@given(st.data(), st.integers(-200, 200), st.integers(8, 16))
def test_tables_hold_on_to_their_ends(data, first, bits):
    entries = np.array(data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=300)))
    greys, white = GreyRule(8, True, voi=LookUpTable(first, entries, bits)).greys()
    assert white == 2**bits - 1
    expected = [entries[min(max(x - first, 0), len(entries) - 1)] for x in range(-128, 128)]
    assert np.array_equal(greys, expected)


def test_the_table_of_the_modality_comes_before_the_window():
    table = LookUpTable(0, np.arange(256)[::-1] * 4, 10)
    plain, white = GreyRule(8, modality=table).greys()
    assert np.array_equal(plain, np.arange(255, -1, -1) * 4)
    assert white == 1023
    windowed, white = GreyRule(8, modality=table, voi=Window(512, 512, "LINEAR_EXACT")).greys()
    assert np.array_equal(windowed, np.clip(plain - 256, 0, 512))
    assert white == 512


def test_padding_is_black_in_either_polarity():
    for inverted in (False, True):
        greys, _ = GreyRule(8, inverted=inverted, padding=(250, 255)).greys()
        assert not greys[250:].any()
        assert greys[249] == (6 if inverted else 249)


@pytest.mark.parametrize(
    ("rule", "falls"),
    [
        (GreyRule(8), False),
        (GreyRule(8, inverted=True), True),
        (GreyRule(8, slope=-1), True),
        (GreyRule(8, inverted=True, slope=-1), False),
        (GreyRule(8, inverted=True, padding=(0, 0)), True),
        (GreyRule(8, padding=(255, 255)), False),
        (GreyRule(8, signed=True, voi=LookUpTable(-128, np.arange(256)[::-1], 8)), True),
        (GreyRule(8, voi=Window(100, 20, "SIGMOID")), False),
    ],
)
def test_larger_values_may_be_darker(rule, falls):
    assert rule.falls == falls
