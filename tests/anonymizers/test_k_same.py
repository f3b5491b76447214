"""The promise of k-Same: each file is the mean of images of k patients, and stands for all of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from privbench.anonymizers.k_same_eigen import KSameEigen
from privbench.anonymizers.k_same_pixel import KSamePixel
from sklearn.decomposition import PCA

from privbench.learning.context import Pixels

CPU = torch.device("cpu")


def made_up(patients, seed, visits=4):
    """Images of that many patients, of some of whom there are several, in any order, with their table."""
    rng = np.random.default_rng(seed)
    owners = rng.permutation(np.repeat(np.arange(patients), rng.integers(1, visits + 1, patients)))
    images = rng.integers(0, 256, (len(owners), 1, 6, 5)).astype(np.uint8)
    return images, pd.DataFrame({"patient": [f"p{owner:03}" for owner in owners]})


def released(method, images, table):
    return torch.cat(list(method.anonymize_set(Pixels(images, CPU), table, torch.Generator()))).numpy()


@pytest.mark.parametrize("cls", [KSamePixel, KSameEigen])
@settings(max_examples=25, deadline=None)
@given(st.integers(2, 25), st.integers(2, 8), st.integers(0, 99))
def test_every_file_stands_for_k_patients_or_more(cls, patients, k, seed):
    images, table = made_up(max(patients, k), seed)
    files = released(cls(k=k), images, table)
    assert files.shape == images.shape
    assert 0 <= files.min() <= files.max() <= 1
    names = table.assign(file=[file.tobytes() for file in files])
    assert names.groupby("file")["patient"].nunique().min() >= k, "each stands for k patients"
    assert names.groupby("patient")["file"].nunique().max() == 1, "whose images all are the same file"
    assert names["file"].value_counts().min() >= k


def test_pixels_are_means_of_the_first_images_of_the_group():
    """Whoever knows the groups computes the release by numpy alone."""
    images, table = made_up(17, 3)
    files = released(KSamePixel(k=5), images, table)
    first = table.drop_duplicates("patient").index
    for file in np.unique(files, axis=0):
        members = set(table["patient"][(files == file).all((1, 2, 3))])
        rows = [row for row in first if table["patient"][row] in members]
        assert len(rows) == len(members)
        assert np.allclose(file, images[rows].mean(0) / 255, atol=1e-6)


def test_the_first_patient_is_with_those_most_like_him():
    images, table = made_up(17, 3)
    files = released(KSamePixel(k=5), images, table)
    first = table.drop_duplicates("patient").sort_values("patient").index
    vectors = images[first].reshape(17, -1).astype(float)
    nearest = np.argsort(np.linalg.norm(vectors - vectors[0], axis=1))[:5]
    with_him = (files[first] == files[first[0]]).all((1, 2, 3))
    assert set(np.flatnonzero(with_him)) == set(nearest)


def test_eigenimages_are_those_of_scikit_learn():
    images, table = made_up(17, 4)
    files = released(KSameEigen(k=4, components=6), images, table)
    first = table.drop_duplicates("patient").sort_values("patient").index
    vectors = images[first].reshape(17, -1) / 255
    pca = PCA(6, svd_solver="full").fit(vectors)
    codes = pca.transform(vectors)
    for file in np.unique(files, axis=0):
        members = (files[first] == file).all((1, 2, 3))
        expected = pca.inverse_transform(codes[members].mean(0, keepdims=True)).reshape(file.shape)
        assert np.allclose(file, expected.clip(0, 1), atol=1e-5)


def test_all_components_are_the_pixels():
    images, table = made_up(20, 5)
    by_pixel, by_eigen = (released(m, images, table) for m in (KSamePixel(k=3), KSameEigen(k=3, components=30)))
    assert np.allclose(by_pixel, by_eigen, atol=1e-5)


@pytest.mark.parametrize("cls", [KSamePixel, KSameEigen])
def test_of_fewer_than_k_patients_nothing_is_released(cls):
    _, table = made_up(6, 1)
    assert cls(k=6).published(table).all()
    assert not cls(k=7).published(table).any()


@pytest.mark.parametrize("cls", [KSamePixel, KSameEigen])
def test_nobody_is_named_oftener_than_one_time_in_k(cls):
    """The paper's bound, against an attacker who holds the very images that the release was made from.

    He names the nearest of them, which is the same for all whose file is the same.
    """
    k, found, searches = 4, 0, 0
    for seed in range(40):
        images, table = made_up(14, seed, visits=1)
        files = released(cls(k=k), images, table)
        distances = ((files[:, None] - images[None] / 255) ** 2).sum((2, 3, 4))
        found += (distances.argmin(1) == np.arange(len(images))).sum()
        searches += len(images)
    assert 0.15 < found / searches <= 1 / k, "and the bound is no idle one"
