"""Displacements whose lengths and determinants are known in closed form."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from privbench.metrics.deformation import jacobian, lengths
from privbench.report.plots import change_maps

HEIGHT, WIDTH = 12, 17


def places():
    """Shape: (2, HEIGHT, WIDTH), x and y."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    return np.stack([x, y])


def linear(matrix):
    """The displacement that takes each pixel from `matrix` times its place, measured from the middle."""
    at = places() - np.array([WIDTH - 1, HEIGHT - 1])[:, None, None] / 2
    return torch.from_numpy(np.einsum("ij,jhw->ihw", np.asarray(matrix), at) - at)[None]


def rotation(degrees):
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def test_a_constant_shift_moves_and_keeps_areas():
    shift = torch.tensor([3.0, -4.0]).view(1, 2, 1, 1).expand(1, 2, HEIGHT, WIDTH)
    assert [value.item() for value in lengths(shift)] == pytest.approx([5, 5])
    assert [value.item() for value in jacobian(shift)] == [1, 1, 0]


def test_lengths_in_millimetres():
    shift = torch.tensor([3.0, -4.0]).view(1, 2, 1, 1).repeat(4, 1, HEIGHT, WIDTH)
    spacing = torch.tensor([[0.5, 0.5], [1, 2], [np.nan, np.nan], [0.5, np.nan]], dtype=torch.float32)
    for values in lengths(shift, spacing):
        assert values.tolist() == pytest.approx([2.5, np.hypot(3, 8), np.nan, np.nan], nan_ok=True)


def test_lengths_are_numpys_percentiles():
    displacement = (
        np.random.default_rng(0).normal(size=(3, 2, HEIGHT, WIDTH)) * np.array([1, 2, 5])[:, None, None, None]
    )
    by_hand = np.hypot(displacement[:, 0], displacement[:, 1]).reshape(3, -1)
    got = lengths(torch.from_numpy(displacement))
    assert got.median.tolist() == pytest.approx(np.median(by_hand, axis=1))
    assert got.percentile_99.tolist() == pytest.approx(np.percentile(by_hand, 99, axis=1))


@pytest.mark.parametrize(
    ("matrix", "determinant", "folded"),
    [
        (np.eye(2), 1, 0),
        (1.2 * np.eye(2), 1.44, 0),
        (np.diag([0.5, 3]), 1.5, 0),
        (rotation(5), 1, 0),
        (rotation(170), 1, 0),
        ([[1, 0.7], [0, 1]], 1, 0),
        (np.diag([-1, 1]), -1, 1),
        (np.diag([0, 1]), 0, 1),
    ],
)
def test_linear_maps_have_their_determinant_everywhere(matrix, determinant, folded):
    got = jacobian(linear(matrix))
    assert [value.item() for value in got] == pytest.approx([determinant, determinant, folded])


@given(entries=st.lists(st.floats(-3, 3), min_size=4, max_size=4))
@settings(deadline=None, max_examples=50)
def test_any_linear_map_has_its_determinant(entries):
    matrix = np.reshape(entries, (2, 2))
    determinant = np.linalg.det(matrix)
    assume(abs(determinant) > 1e-6)
    got = jacobian(linear(matrix))
    assert [value.item() for value in got] == pytest.approx(
        [determinant, determinant, float(determinant < 0)], abs=1e-9
    )


def test_a_single_pixel_that_jumps_over_its_neighbour_folds_two_squares():
    displacement = torch.zeros(2, 2, HEIGHT, WIDTH)
    displacement[1, 0, 5, 7] = 1.5
    got = jacobian(displacement)
    assert got.lowest.tolist() == [1, -0.5]
    assert got.highest.tolist() == [1, 2.5]
    assert got.folded.tolist() == pytest.approx([0, 2 / ((HEIGHT - 1) * (WIDTH - 1))])


@pytest.mark.parametrize("amplitude", [0.5, 3.0])
def test_a_wave_folds_where_it_falls_too_steeply(amplitude):
    wave = amplitude * np.sin(2 * np.pi * np.arange(WIDTH) / 8)
    displacement = torch.zeros(1, 2, HEIGHT, WIDTH, dtype=torch.float64)
    displacement[0, 0] = torch.from_numpy(wave)
    steps = 1 + np.diff(wave)
    got = jacobian(displacement)
    assert [value.item() for value in got] == pytest.approx([steps.min(), steps.max(), (steps <= 0).mean()])
    assert (got.folded.item() > 0) == (amplitude > 1)


@pytest.mark.parametrize("strength", [0.1, 0.4, 1.0])
def test_folds_are_those_of_the_report(strength):
    displacement = np.random.default_rng(0).normal(size=(1, 2, HEIGHT, WIDTH)) * strength
    got = jacobian(torch.from_numpy(displacement))
    assert got.folded.item() == pytest.approx(change_maps.measure(displacement).folded)
    assert (got.lowest <= 0).item() == (got.folded > 0).item()


@given(factor=st.floats(0.2, 5))
@settings(deadline=None, max_examples=20)
def test_turning_x_and_y_about_changes_nothing(factor):
    displacement = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 2, HEIGHT, WIDTH))) * factor
    turned = displacement.flip(1).transpose(2, 3)
    for measure in (jacobian, lengths):
        for one, other in zip(measure(displacement), measure(turned), strict=True):
            assert one.tolist() == pytest.approx(other.tolist())
