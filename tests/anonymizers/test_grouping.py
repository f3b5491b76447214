import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from privbench.anonymizers import grouping
from privbench.anonymizers.grouping import codes_of, groups_of, principal_components
from sklearn.decomposition import PCA


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 12), st.integers(1, 3), st.integers(0, 99))
def test_groups_have_k_to_2k_less_1_members(points, k, dimensions, seed):
    drawn = torch.randint(4, (points, dimensions), generator=torch.Generator().manual_seed(seed)).float()  # with ties
    sizes = torch.bincount(groups_of(drawn, k)).tolist()
    assert sum(sizes) == points
    if points >= k:
        assert all(size == k for size in sizes[:-1])
        assert k <= sizes[-1] < 2 * k


def test_each_takes_the_nearest_that_are_left():
    """By hand: 0 takes 1 and 2; then 10, though 3 is nearer to those, takes 9 and 11; 3, 30 and 31 are left."""
    points = torch.tensor([[0.0], [10], [2], [30], [1], [3], [11], [31], [9]])
    assert groups_of(points, 3).tolist() == [0, 1, 0, 2, 0, 2, 1, 2, 1]


def test_one_who_equals_others_is_in_his_own_group():
    assert groups_of(torch.zeros(7, 2), 2).tolist() == [0, 0, 1, 1, 2, 2, 2]


def test_many_are_grouped_as_one_group_after_the_other(rng):
    """By the definition, of whole numbers with ties, for more than are looked at together."""
    points, k = rng.integers(0, 6, (700, 4)), 3
    groups, left, group = np.full(700, -1), list(range(700)), 0
    while len(left) >= 2 * k:
        nearest = sorted(left, key=lambda other: (other != left[0], ((points[other] - points[left[0]]) ** 2).sum()))[:k]
        groups[nearest] = group
        left, group = [one for one in left if one not in nearest], group + 1
    groups[left] = group
    assert np.array_equal(groups_of(torch.from_numpy(points.astype(np.uint8)), k), groups)


class Counted:
    """Points that tell how many of them were asked for at once."""

    def __init__(self, points):
        self.points, self.most = points, 0

    def __len__(self):
        return len(self.points)

    def __getitem__(self, rows):
        self.most = max(self.most, len(rows))
        return self.points[rows]


def test_no_more_points_are_read_at_once_than_may_be_held(generator, monkeypatch):
    monkeypatch.setattr(grouping, "_VALUES", 40 * 10)
    points = Counted(torch.randint(9, (100, 40), generator=generator))
    few = groups_of(points, 4), *principal_components(points, 5)
    assert points.most == 10
    monkeypatch.undo()
    groups, mean, directions = groups_of(points, 4), *principal_components(points, 5)
    assert points.most == 100
    assert torch.equal(few[0], groups)
    assert torch.allclose(few[1], mean)
    assert torch.allclose(few[2].T @ few[2], directions.T @ directions)


@pytest.mark.parametrize("shape", [(30, 12), (12, 30)])
def test_components_are_those_of_scikit_learn(shape, generator):
    """From the coordinates' Gram matrix or from the points', whichever is smaller."""
    points = torch.randn(shape, dtype=torch.float64, generator=generator) * torch.arange(1, shape[1] + 1)
    mean, directions = principal_components(points, 5)
    other = PCA(5, svd_solver="full").fit(points.numpy())
    assert np.allclose(mean, other.mean_)
    assert np.allclose(directions.abs(), np.abs(other.components_))
    assert np.allclose(directions @ directions.T, np.eye(5))
    codes = codes_of(points, mean, directions)
    assert np.allclose(mean + codes @ directions, other.inverse_transform(other.transform(points.numpy())))


@pytest.mark.parametrize("size", [9, 3])
def test_there_are_no_more_components_than_points_span(size, generator):
    assert len(principal_components(torch.rand(4, size, generator=generator), 50)[1]) == 3
    line = torch.arange(4)[:, None] * torch.arange(1, size + 1)
    assert len(principal_components(line, 50)[1]) == 1
    assert len(principal_components(torch.ones(4, size), 50)[1]) == 0
    assert principal_components(torch.ones(1, size), 50)[1].shape == (0, size)
