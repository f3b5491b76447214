import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from privbench.anonymizers.clusters import k_means, nearest, settled
from sklearn.cluster import KMeans


def test_it_settles_where_scikit_learn_does(generator):
    points = torch.randn(300, 4, dtype=torch.float64, generator=generator)
    points[:100] += 3
    start = points[:6].clone()
    other = KMeans(6, init=start.numpy(), n_init=1, max_iter=50, tol=0).fit(points.numpy())
    centroids = settled(points, start)
    assert np.allclose(centroids, other.cluster_centers_)
    assert np.array_equal(nearest(points, centroids), other.labels_)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 99))
def test_it_gives_as_many_as_there_can_be_and_the_same_each_time(count, k, seed):
    points = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    first, again = (k_means(points, k, torch.Generator().manual_seed(1)) for _ in range(2))
    assert first.shape == (min(k, count), 2)
    assert torch.equal(first, again)
    assert first.isfinite().all()


def test_a_centroid_that_nobody_is_nearest_to_stays():
    points, far = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.4], [9.0]])
    assert settled(points, far).tolist() == [[0.5], [9.0]]
