"""The verifier learns to link images, and nothing where there is nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional

from privbench.data.gallery import KnownGallery
from privbench.data.pairs import draw_pairs
from privbench.learning.networks import Verifier
from privbench.learning.recipes import Augmentation, VerifierRecipe
from privbench.learning.verifier import crossed_loss, embed, fit_verifier, score_pairs, scores_by_rows
from privbench.metrics.roc import auc

BACKBONE = {"backbone": "test_resnet", "batch_size": 16, "learning_rate": 3e-3}


def patterned(count: int, per: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Patients whose 32 px images share a coarse pattern below noise, and the patient of each image."""
    rng = np.random.default_rng(seed)
    patterns = rng.uniform(40, 215, (count, 4, 4)).repeat(8, 1).repeat(8, 2)
    images = patterns.repeat(per, 0) + rng.normal(0, 8, (count * per, 32, 32))
    return images.clip(0, 255).astype(np.uint8)[:, None], np.arange(count).repeat(per)


def gallery(seed: int, pairs: int, images: np.ndarray | None = None) -> KnownGallery:
    drawn, patients = patterned(60, 4, seed)
    images = drawn if images is None else images
    drawn = draw_pairs(patients, pairs, 6, np.random.default_rng(seed), "train")
    table = pd.DataFrame(
        {"image": np.arange(len(images)).astype(str), "patient": patients, "study": "", "follow_up": 0}
    )
    return KnownGallery(images, images, pairs=drawn, table=table)


def scored(verifier, gallery: KnownGallery, ctx) -> np.ndarray:
    return score_pairs(verifier, gallery, gallery.pairs.probe, gallery.pairs.reference, ctx)


@pytest.fixture(scope="module")
def verifier_case():
    return gallery(0, 300), gallery(1, 120), gallery(2, 300)


def test_verifier_links_strangers_it_never_saw(verifier_case, ctx):
    train, val, test = verifier_case
    verifier = fit_verifier(train, val, VerifierRecipe(**BACKBONE, features=16, epochs=8), ctx, "verifier")
    scores = scored(verifier, test, ctx)
    assert auc(test.pairs.mated, scores) > 0.85
    scores_of = scores_by_rows(verifier, test, ctx)
    matrix = scores_of(np.arange(240))
    assert np.allclose(matrix[test.pairs.probe, test.pairs.reference], scores, atol=1e-4)
    assert np.array_equal(scores_of(np.array([7, 3, 7])), matrix[[7, 3, 7]])
    seen = []
    verifier.model.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    assert np.array_equal(scored(verifier, test, ctx), scores)
    stand = np.union1d(test.pairs.probe, test.pairs.reference)
    assert sum(seen) == len(stand), "each image once, though it stands on both sides"
    apart = replace(test, references=test.references.copy())
    assert np.allclose(scored(verifier, apart, ctx), scores, atol=1e-5)
    assert sum(seen) == len(stand) + len(np.unique(test.pairs.probe)) + len(np.unique(test.pairs.reference))
    assert embed(verifier, test.probes, ctx).shape == (240, 16)


def test_training_repeats_to_the_bit(verifier_case, ctx):
    train, val, test = verifier_case
    recipe = VerifierRecipe(**BACKBONE, features=8, epochs=1)
    a, b, c = (fit_verifier(train, val, recipe, ctx, title) for title in ("one", "one", "two"))
    assert np.array_equal(scored(a, test, ctx), scored(b, test, ctx))
    assert not np.array_equal(scored(a, test, ctx), scored(c, test, ctx)), "another title, another network"


def test_constant_probes_score_exactly_chance(verifier_case, ctx):
    train, val, test = verifier_case
    constant = np.full_like(train.probes, 128)
    blind = [replace(split, probes=constant, references=constant) for split in (train, val)]
    verifier = fit_verifier(*blind, VerifierRecipe(**BACKBONE, features=8, epochs=1), ctx, "blind")
    scores = scored(verifier, replace(test, probes=np.full_like(test.probes, 128)), ctx)
    assert auc(test.pairs.mated, scores) == pytest.approx(0.5, abs=1e-3)


def test_patients_teach_it_as_well_as_pairs(verifier_case, ctx):
    train, val, test = verifier_case
    recipe = VerifierRecipe(
        **BACKBONE, features=16, epochs=16, steps=19, augmentation=Augmentation(shift=0, rotation=0)
    )
    verifier = fit_verifier(train, val, recipe, ctx, "of patients")
    assert auc(test.pairs.mated, scored(verifier, test, ctx)) > 0.85


def test_patients_teach_it_in_parts_where_memory_holds_no_more(verifier_case, ctx, monkeypatch):
    train, val, _ = verifier_case
    parts, embed = replace(ctx, batch="auto", split={}), Verifier.embed

    def narrow(verifier, images):
        if verifier.training and len(images) > 9:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return embed(verifier, images)

    monkeypatch.setattr(Verifier, "embed", narrow)
    recipe = VerifierRecipe(**BACKBONE, features=8, epochs=1, steps=2, augmentation=Augmentation(shift=0, rotation=0))
    fit_verifier(train, val, recipe, parts, "of patients")
    assert parts.split == {"of patients": 4}, "of 16 patients, each with two images"


def test_the_crossed_loss_is_that_of_all_pairs_with_both_kinds_weighing_alike():
    logits = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    mated = torch.eye(5)
    weight = torch.where(mated == 1, 1 / 5, 1 / 20) / 2
    told = functional.binary_cross_entropy_with_logits(logits, mated, weight, reduction="sum")
    assert float(crossed_loss(logits)) == pytest.approx(float(told), rel=1e-6)


def test_a_recipe_of_pairs_reads_as_it_did_before_there_was_another():
    """Keys of stages and fingerprints hang on it."""
    assert not {"steps", "augmentation"} & VerifierRecipe(**BACKBONE, epochs=1).model_dump().keys()


def test_patients_of_one_image_need_an_augmentation():
    with pytest.raises(ValidationError, match="give an augmentation"):
        VerifierRecipe(**BACKBONE, epochs=1, steps=1)
