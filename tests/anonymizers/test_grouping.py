import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from privbench.anonymizers.grouping import groups_of, means_of, principal_components
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


def test_means_are_those_of_numpy(generator):
    images, groups = torch.rand(9, 1, 4, 5, generator=generator), torch.tensor([1, 0, 1, 2, 2, 0, 1, 2, 0])
    expected = [images.numpy()[groups.numpy() == group].mean(0) for group in range(3)]
    assert np.allclose(means_of(images, groups), expected)


def test_components_are_those_of_scikit_learn(generator):
    points = torch.randn(30, 12, dtype=torch.float64, generator=generator) @ torch.diag(torch.arange(12.0).double())
    mean, directions = principal_components(points, 5)
    other = PCA(5, svd_solver="full").fit(points.numpy())
    shown = mean + (points - mean) @ directions.T @ directions
    assert np.allclose(shown, other.inverse_transform(other.transform(points.numpy())))


def test_there_are_no_more_components_than_points_span(generator):
    assert principal_components(torch.rand(4, 9, generator=generator), 50)[1].shape == (3, 9)
