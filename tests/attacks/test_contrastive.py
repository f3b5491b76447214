"""The contrastive attack and the two that build on it."""

import numpy as np
import pytest
import torch
from galleries import known_gallery, patient_images
from privbench.attacks.averaging import Averaging
from privbench.attacks.contrastive import Contrastive
from privbench.attacks.restoration import Restoration

from privbench.base.errors import PrivbenchError
from privbench.data.gallery import Gallery
from privbench.learning.guidance import untrained_guidance
from privbench.learning.recipes import GuidanceRecipe
from privbench.metrics.retrieval import rank_own
from privbench.metrics.roc import auc

# Shifts of a fifth of so small an image would hide the pattern.
STILL = {"shift": 0, "rotation": 0, "scale": 0}
RECIPE = {
    "backbone": "test_resnet", "options": {"stem_type": ""}, "features": 16, "epochs": 4, "steps": 12,
    "batch_size": 24, "learning_rate": 4e-3, "schedule": "one-cycle", "keep": "last", "augmentation": STILL,
}  # fmt: skip
SCRAMBLE = np.random.default_rng(5).permutation(256)


def scrambled(images: np.ndarray) -> np.ndarray:
    """Every pixel elsewhere, and black for white: the same for every image."""
    return (255 - images.reshape(len(images), -1)[:, SCRAMBLE]).reshape(images.shape)


@pytest.fixture(scope="module")
def guidance():
    network = {key: RECIPE[key] for key in ("backbone", "options", "epochs", "batch_size", "learning_rate")}
    recipe = GuidanceRecipe(classifier=network, verifier=network | {"features": 16})
    return untrained_guidance(recipe, 14, torch.device("cpu"))


def scores_of(attack, test, ctx) -> float:
    return auc(test.pairs.mated, attack.similarity(test, test.pairs.probe, test.pairs.reference, ctx))


def test_links_strangers(guidance, ctx):
    attack = Contrastive(**RECIPE)
    attack.fit(known_gallery(0, 500), known_gallery(1, 100), guidance, ctx)
    assert scores_of(attack, known_gallery(2, 240), ctx) > 0.9
    losses = [row["train_loss"] for row in ctx.curves]
    assert losses[-1] < losses[0] / 2


def test_an_informed_attacker_undoes_what_is_done_to_all_images_alike(guidance, ctx):
    train, val, test = (known_gallery(seed, 300, scrambled(patient_images(seed))) for seed in range(3))
    informed = Contrastive(**RECIPE)
    informed.fit(train, val, guidance, ctx)
    assert scores_of(informed, test, ctx) > 0.9
    ignorant = Contrastive(**RECIPE)
    ignorant.fit(known_gallery(0, 300), known_gallery(1, 300), guidance, ctx)
    assert scores_of(ignorant, test, ctx) < 0.65, "who knows originals alone does not see through it"


def own_image_match(attack, test, ctx) -> float:
    return float((rank_own(attack.image_similarity(test, ctx), np.random.default_rng(0)) == 0).mean())


def test_a_release_whose_registration_is_known_finds_its_own_original(guidance, ctx):
    """Whatever the embedding learnt: here nothing."""
    untrained = RECIPE | {"epochs": 1, "steps": 1, "learning_rate": 1e-12}
    train, val, test = (known_gallery(seed, 300, scrambled(patient_images(seed))) for seed in range(3))
    informed = Contrastive(**untrained)
    informed.fit(train, val, guidance, ctx)
    similarity = informed.image_similarity(test, ctx)
    undone = 255 - test.probes.reshape(200, -1)[:, np.argsort(SCRAMBLE)].astype(float)
    assert np.allclose(similarity, np.corrcoef(undone, test.references.reshape(200, -1))[:200, 200:], atol=0.05)
    assert own_image_match(informed, test, ctx) == 1
    ignorant = Contrastive(**untrained)
    ignorant.fit(known_gallery(0, 300), known_gallery(1, 300), guidance, ctx)
    assert own_image_match(ignorant, test, ctx) < 0.1, "and none who does not know it"
    assert own_image_match(ignorant, known_gallery(2, 300), ctx) == 1, "an unchanged release is its original"


def test_it_starts_from_the_guidance(guidance, ctx):
    attack = Contrastive(**RECIPE | {"init": "guidance", "epochs": 1, "learning_rate": 1e-12})
    attack.fit(known_gallery(0, 100), known_gallery(1, 100), guidance, ctx)
    for key, weight in guidance.verifier.model.named_parameters():
        assert np.allclose(attack.state()[f"network.model.{key}"], weight.detach(), atol=1e-6), key
    with pytest.raises(PrivbenchError, match="contrastive cannot start from the guidance"):
        Contrastive(**RECIPE | {"init": "guidance", "features": 8}).fit(
            known_gallery(0, 100), known_gallery(1, 100), guidance, ctx
        )


def test_averaging_takes_the_noise_away(guidance, ctx):
    def noisy(seed: int, draw: int) -> np.ndarray:
        noise = np.random.default_rng([seed, draw]).normal(0, 100, (200, 1, 16, 16))
        return (patient_images(seed) + noise).clip(0, 255).astype(np.uint8)

    def with_releases(seed: int, count: int):
        gallery = known_gallery(seed, 300, noisy(seed, 0))
        more = tuple(noisy(seed, draw) for draw in range(1, count))
        return type(gallery)(gallery.probes, gallery.references, more, pairs=gallery.pairs, table=gallery.table)

    results = []
    for count in (1, 16):
        attack = Averaging(**RECIPE, releases=count)
        assert attack.releases == count
        attack.fit(with_releases(0, count), with_releases(1, count), guidance, ctx)
        results.append(
            (scores_of(attack, with_releases(2, count), ctx), own_image_match(attack, with_releases(2, count), ctx))
        )
    (one, match_of_one), (many, match_of_many) = results
    assert one < 0.8 < 0.95 < many
    assert match_of_one < match_of_many, "images, too, come out of the noise"


def test_the_mean_of_releases_is_rounded_once():
    images = [np.full((1, 1, 2, 2), value, np.uint8) for value in (255, 254, 254)]
    mean = Averaging(**RECIPE)._released(Gallery(images[0], images[0], tuple(images[1:])))
    assert mean.dtype == np.uint8
    assert (mean == 254).all()


def test_restoration_brings_back_what_was_there(guidance, ctx):
    def squared(seed: int) -> np.ndarray:
        return (np.square(patient_images(seed) / 255.0) * 255).astype(np.uint8)

    restorer = {"width": 4, "epochs": 12, "batch_size": 16, "learning_rate": 5e-3}
    train, val, test = (known_gallery(seed, 300, squared(seed)) for seed in range(3))
    attack = Restoration(**RECIPE, restorer=restorer)
    attack.fit(train, val, guidance, ctx)
    assert scores_of(attack, test, ctx) > 0.9
    figures = attack.measures(test, test.references, ctx)
    assert figures["psnr_restored"] > figures["psnr_released"] + 3
    assert figures["ssim_restored"] > figures["ssim_released"]
    error = np.square((test.probes / 255.0) - (test.references / 255.0)).mean()
    assert figures["psnr_released"] == pytest.approx(-10 * np.log10(error), rel=1e-4)
    restored = attack._embedding._restore(attack._embedding._restorer, test, ctx)
    by_hand = np.corrcoef(restored.reshape(200, -1), test.references.reshape(200, -1))[:200, 200:]
    assert np.allclose(attack.image_similarity(test, ctx), by_hand, atol=1e-4), "of what it restored"
