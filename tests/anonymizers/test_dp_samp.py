import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from privbench.anonymizers.dp_samp import DPSamp
from privbench.anonymizers.pixel_samples import grey_clusters, log_ratio, resampled, sample_size
from scipy import stats
from sklearn.cluster import KMeans


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 90), st.integers(1, 20), st.floats(0, 8))
def test_as_many_pixels_are_sampled_as_the_budget_allows(size, m, budget):
    """Against whole numbers: C(f, n) / C(f - m, n) at most exp(budget), and more than that with one sample more."""
    count = sample_size(size, m, budget)
    assert 0 <= count <= max(size - m, 0)
    if size > m:
        assert math.comb(size, count) / math.comb(size - m, count) <= math.exp(budget) * (1 + 1e-9)
    if count < size - m:
        above = math.comb(size, count + 1) / math.comb(size - m, count + 1)
        assert above > math.exp(budget) * (1 - 1e-9)


def test_the_ratio_is_that_of_whole_numbers():
    for size, m, count in ((40, 3, 7), (400, 16, 100), (9, 4, 5), (5, 1, 0)):
        assert log_ratio(size, m, count) == pytest.approx(math.log(math.comb(size, count) / math.comb(size - m, count)))
    assert log_ratio(9, 4, 6) == math.inf


def test_of_one_pixel_the_share_that_is_sampled_is_1_less_exp_of_minus_epsilon():
    """The closed form for m = 1: f / (f - n) at most exp(ε)."""
    assert sample_size(4096, 1, 0.5) == math.floor(4096 * (1 - math.exp(-0.5)))


def test_every_pixel_of_a_cluster_is_as_likely():
    """A pixel that differs is seen with probability n / f, which the budget bounds by 1 - exp(-ε)."""
    images = torch.zeros(6000, 1, 6, 6)
    images[:, :, :, 3:] = 1
    epsilon, places = 2.0, np.zeros((6, 6))
    ranks = torch.rand((6000, 6, 6), generator=torch.Generator().manual_seed(0), dtype=torch.float64).numpy()
    for image, rank in zip((images[:, 0] * 255).byte().numpy(), ranks, strict=True):
        half = rank[:, :3]
        count = sample_size(18, 1, epsilon / 2)
        places[:, :3] += half <= np.sort(half.ravel())[count - 1]
        assert set(np.unique(resampled(image, rank, epsilon, 1, 2))) <= {0.0, 255.0}
    share = count / 18
    assert share <= 1 - math.exp(-epsilon / 2)
    low, high = stats.binom.ppf([1e-4, 1 - 1e-4], 6000, share)
    assert (places[:, :3] >= low).all()
    assert (places[:, :3] <= high).all()


def test_pixels_have_the_centre_of_the_nearest_sample(rng):
    """By hand over all samples, where ranks say which these are."""
    grey = (rng.integers(0, 2, (9, 7)) * 200 + 20).astype(np.uint8)
    ranks = rng.permutation(63).reshape(9, 7) / 63
    released = resampled(grey, ranks, 1.0, 1, 2)
    sampled = np.zeros_like(grey, bool)
    for value in (20, 220):
        size = (grey == value).sum()
        count = sample_size(int(size), 1, size / 63)
        rows = np.flatnonzero((grey == value).ravel())
        sampled.ravel()[rows[np.argsort(ranks.ravel()[rows])[:count]]] = True
    places = np.argwhere(sampled)
    for pixel, value in np.ndenumerate(released):
        distances = ((places - pixel) ** 2).sum(1)
        nearest = places[distances == distances.min()]
        assert value in {float(grey[tuple(place)]) for place in nearest}


def test_where_nothing_may_be_sampled_all_is_grey(rng):
    grey = rng.integers(0, 256, (8, 8)).astype(np.uint8)
    assert (resampled(grey, rng.uniform(0, 1, (8, 8)), 1e-6, 1, 8) == 127).all()


def test_a_large_budget_shows_all_pixels_but_m_of_each_cluster(rng):
    grey = (rng.integers(0, 4, (16, 16)) * 60).astype(np.uint8)
    released = resampled(grey, rng.permutation(256).reshape(16, 16), 1e4, 1, 4)
    assert (released != grey).sum() <= 4


def test_clusters_are_where_k_means_stays(rng):
    """Fixed points of Lloyd's algorithm, as scikit-learn computes them from there."""
    greys = np.concatenate([rng.normal(60, 12, 500), rng.normal(190, 20, 300)]).clip(0, 255).astype(np.uint8)
    centres = grey_clusters(np.bincount(greys, minlength=256), 4)
    other = KMeans(4, init=centres[:, None], n_init=1, max_iter=50).fit(greys[:, None].astype(float))
    assert np.allclose(np.sort(other.cluster_centers_[:, 0]), centres)


def test_there_are_no_more_clusters_than_grey_values():
    counts = np.zeros(256, int)
    counts[[10, 200]] = 5
    assert grey_clusters(counts, 8).tolist() == [10, 200]


def test_images_do_not_hang_on_their_batch(generator):
    images = torch.rand(3, 1, 12, 12, generator=generator)
    whole = DPSamp().anonymize(images, torch.Generator().manual_seed(1))
    one = torch.Generator().manual_seed(1)
    assert torch.equal(torch.cat([DPSamp().anonymize(image[None], one) for image in images]), whole)
