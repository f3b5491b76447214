import numpy as np
import pytest
from galleries import known_gallery
from privbench.attacks import correlation as module
from privbench.attacks.correlation import Correlation


def test_one_level_is_the_correlation_coefficient_of_the_pixels(ctx):
    gallery = known_gallery(0, 100)
    matrix = Correlation().similarity_matrix(gallery, ctx)
    flat = gallery.references.reshape(200, -1).astype(float)
    assert np.allclose(matrix, np.corrcoef(flat), atol=1e-5)
    pairs = Correlation().similarity(gallery, np.array([0, 7]), np.array([5, 3]), ctx)
    assert pairs == pytest.approx([matrix[0, 5], matrix[7, 3]], abs=1e-5)


def test_levels_are_averaged(ctx):
    gallery = known_gallery(0, 100)
    halved = gallery.references.reshape(200, 8, 2, 8, 2).astype(float).mean((2, 4)).reshape(200, -1)
    full = gallery.references.reshape(200, -1).astype(float)
    expected = (np.corrcoef(full) + np.corrcoef(halved)) / 2
    assert np.allclose(Correlation(levels=2).similarity_matrix(gallery, ctx), expected, atol=1e-5)
    deepest = Correlation(levels=8).similarity_matrix(gallery, ctx)
    assert np.allclose(deepest, expected, atol=1e-5), "no level is smaller than 8 px"


@pytest.mark.parametrize("held", [1, 2**28])
def test_rows_are_those_of_the_matrix_whether_all_references_are_held_or_not(held, ctx, monkeypatch):
    monkeypatch.setattr(module, "_HELD", held)
    monkeypatch.setattr(module, "_BATCH", 48)
    gallery, rows = known_gallery(0, 100), np.array([199, 3, 3, *range(60)])
    flat = gallery.references.reshape(200, -1).astype(float)
    assert np.allclose(Correlation().similarity_by_rows(gallery, ctx)(rows), np.corrcoef(flat)[rows], atol=1e-5)


def test_a_constant_image_is_like_no_other(ctx):
    gallery = known_gallery(0, 100, np.full((200, 1, 16, 16), 7, np.uint8))
    assert (Correlation().similarity_matrix(gallery, ctx) == 0).all()


def test_releases_find_their_originals_as_far_as_pixels_tell(ctx):
    gallery = known_gallery(0, 100)
    assert np.array_equal(
        Correlation(levels=2).image_similarity(gallery, ctx), Correlation(levels=2).similarity_matrix(gallery, ctx)
    )


def test_larger_images_are_averaged_first(ctx):
    gallery = known_gallery(0, 100)
    plain = Correlation(side=16)
    assert "side" not in Correlation().params.model_dump(), "the keys of who does without it stay"
    assert np.array_equal(plain.similarity_matrix(gallery, ctx), Correlation().similarity_matrix(gallery, ctx))
    large = known_gallery(0, 100, gallery.references.repeat(2, 2).repeat(2, 3))
    assert np.allclose(plain.similarity_matrix(large, ctx), Correlation().similarity_matrix(gallery, ctx), atol=1e-5)
