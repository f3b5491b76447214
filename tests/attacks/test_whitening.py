"""Pixels in which what differs between visits counts for little."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from galleries import known_gallery, patient_images
from privbench.attacks.whitening import Whitening, _scatter, _within, fit_variation

from privbench.metrics.roc import auc


def linked(whitening, released, gallery) -> float:
    probes, references = whitening.points(released), whitening.points(gallery.references)
    pairs = gallery.pairs
    return auc(pairs.mated, (probes[pairs.probe] * references[pairs.reference]).sum(1).numpy())


def shaded(images):
    """A shade of another strength from top to bottom of each image, stronger than what tells patients apart."""
    strength = np.random.default_rng(len(images)).normal(0, 90, (len(images), 1, 1, 1))
    return (images + strength * np.linspace(-1, 1, 16)[:, None]).clip(0, 255).astype(np.uint8)


def test_what_changes_from_visit_to_visit_counts_for_little(ctx):
    train, test = (known_gallery(seed, 300) for seed in (0, 2))
    train, test = (replace(one, references=shaded(one.references)) for one in (train, test))
    whitening = fit_variation(train, ctx).whitening(train.references)
    plain = Whitening(whitening.portraits, torch.eye(len(whitening.transform)))
    assert linked(whitening, test.references, test) > linked(plain, test.references, test) + 0.02


def test_what_the_undo_left_counts_for_little(ctx):
    """Where the first ten rows of releases are noise, whoever knows it looks at the others."""

    def spoilt(images):
        images = images.copy()
        images[:, :, :10] = np.random.default_rng(len(images)).integers(0, 256, images[:, :, :10].shape)
        return images

    train, test = known_gallery(0, 300), known_gallery(2, 300)
    informed, blind = (
        fit_variation(train, ctx).whitening(images) for images in (spoilt(train.references), train.references)
    )
    released = spoilt(test.references)
    assert linked(informed, released, test) > linked(blind, released, test) + 0.02


def test_the_covariance_within_patients_is_the_mean_of_theirs():
    rng = np.random.default_rng(0)
    places, patients = rng.normal(size=(30, 4)).astype(np.float32), np.repeat([3, 9, 11, 20], [2, 12, 15, 1])
    expected = np.mean([np.cov(places[patients == one].T) for one in (3, 9, 11)], 0)
    found = _within(torch.from_numpy(places), patients, np.arange(30))
    assert np.allclose(found, expected, atol=1e-6)
    alone = _within(torch.from_numpy(places), np.arange(30), np.arange(30))
    assert not alone.any(), "patients of one image say nothing"
    visits = np.concatenate([[0, 0], np.arange(1, 7).repeat(2), np.arange(7, 23)])
    two = np.mean([np.cov(places[patients == one].T) for one in (9, 11)], 0)
    assert np.allclose(_within(torch.from_numpy(places), patients, visits), two, atol=1e-6), "nor those of one visit"


def test_what_differs_as_known_is_white_afterwards(ctx):
    train = known_gallery(0, 300)
    noise = np.random.default_rng(1).integers(0, 120, train.references.shape)
    released = (train.references // 2 + noise).astype(np.uint8)
    whitening = fit_variation(train, ctx).whitening(released)
    assert torch.linalg.matrix_rank(whitening.transform) == len(whitening.transform)
    again = Whitening.of_state(whitening.state())
    assert torch.equal(again.points(released), whitening.points(released))
    assert whitening.points(released).norm(dim=1) == pytest.approx(1, abs=1e-5)


def test_constant_images_and_larger_ones_have_places(ctx):
    train = known_gallery(0, 60, np.full_like(patient_images(0), 90))
    whitening = fit_variation(train, ctx).whitening(train.probes)
    assert whitening.points(train.probes).isfinite().all()
    large = np.repeat(np.repeat(patient_images(0), 8, 2), 8, 3)
    gallery = known_gallery(0, 60)
    big = type(gallery)(large, large, pairs=gallery.pairs, table=gallery.table)
    assert len(fit_variation(big, ctx).whitening(large).portraits.mean) == 64 * 64


def test_scatter_is_not_centred():
    assert torch.equal(_scatter(torch.ones(5, 2)), torch.ones(2, 2))
