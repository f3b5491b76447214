"""The tower that learns from a frozen teacher."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from galleries import known_gallery, patient_images
from privbench.attacks.distillation import Distillation
from privbench.attacks.undoing.search import KINDS, Chain, image_similarity
from privbench.attacks.undoing.undo import OwnPairs

from privbench.base.errors import PrivbenchError
from privbench.data.gallery import Gallery
from privbench.learning.embedder import fit_embedder
from privbench.learning.guidance import untrained_guidance
from privbench.learning.recipes import EmbedderRecipe, GuidanceRecipe
from privbench.learning.states import load_state, save_state
from privbench.metrics.roc import auc

STILL = {"shift": 0, "rotation": 0, "scale": 0}
NETWORK = {"backbone": "test_resnet", "options": {"stem_type": ""}, "features": 16}
TRAINED = {"learning_rate": 4e-3, "schedule": "one-cycle", "keep": "last", "augmentation": STILL}
TEACHER = NETWORK | TRAINED | {"epochs": 4, "steps": 12, "batch_size": 24}
TOWER = NETWORK | TRAINED | {"epochs": 2, "steps": 12, "batch_size": 48}


@pytest.fixture(scope="module")
def guidance():
    from privbench.base.progress import Progress
    from privbench.learning.context import Context
    from privbench.learning.device import create_fabric

    network = {key: TEACHER[key] for key in ("backbone", "options", "epochs", "batch_size", "learning_rate")}
    recipe = GuidanceRecipe(classifier=network, verifier=network | {"features": 16}, embedder=TEACHER)
    ctx = Context(create_fabric("cpu", "32-true"), 0, "embedder", Progress(quiet=True))
    teacher = fit_embedder(known_gallery(0, 300), known_gallery(1, 100), EmbedderRecipe(**TEACHER), ctx, "teacher")
    return replace(untrained_guidance(recipe, 14, torch.device("cpu")), embedder=teacher)


def scores_of(attack, test, ctx) -> float:
    return auc(test.pairs.mated, attack.similarity(test, test.pairs.probe, test.pairs.reference, ctx))


def noisy(images):
    return np.random.default_rng(3).normal(0.4 * images + 60, 25).clip(0, 255).astype(np.uint8)


def pixelwise_key(images):
    return images + np.random.default_rng(4).integers(0, 256, images.shape[1:]).astype(np.uint8)


@pytest.mark.parametrize(("release", "least"), [(noisy, 0.85), (pixelwise_key, 0.85)])
def test_it_links_what_was_released_to_strangers_originals(guidance, ctx, release, least):
    train, val, test = (known_gallery(seed, 300, release(patient_images(seed))) for seed in range(3))
    attack = Distillation(**TOWER)
    attack.fit(train, val, guidance, ctx)
    assert scores_of(attack, test, ctx) > least
    ignorant = Distillation(**TOWER)
    ignorant.fit(known_gallery(0, 300), known_gallery(1, 300), guidance, ctx)
    assert scores_of(ignorant, test, ctx) < scores_of(attack, test, ctx)


def test_of_originals_it_knows_what_the_teacher_knows(guidance, ctx):
    attack, test = Distillation(**TOWER), known_gallery(2, 300)
    attack.fit(known_gallery(0, 300), known_gallery(1, 300), guidance, ctx)
    assert not ctx.curves, "nothing is trained"
    assert scores_of(attack, test, ctx) > 0.9
    matrix = attack.similarity_matrix(test, ctx)
    assert np.allclose(matrix, matrix.T, atol=1e-5)
    assert (attack.image_similarity(test, ctx).argmax(1) == np.arange(len(test.probes))).all()


def test_it_comes_back_from_its_state(guidance, ctx):
    train, val, test = (known_gallery(seed, 100, pixelwise_key(patient_images(seed))) for seed in range(3))
    attack, again = Distillation(**TOWER), Distillation(**TOWER)
    attack.fit(train, val, guidance, ctx)
    again.load_state(attack.state(), torch.device("cpu"))
    images = Gallery(test.probes, test.references)
    for told, once_more in (
        (attack.similarity_matrix(images, ctx), again.similarity_matrix(images, ctx)),
        (attack.image_similarity(images, ctx), again.image_similarity(images, ctx)),
    ):
        assert np.array_equal(told, once_more)
    measures = again.measures(images, test.references, ctx)
    assert measures == pytest.approx(attack.measures(images, test.references, ctx))
    told = {f"{what} after registration" for what in ("own-image match", "validation AUC")}
    assert {"rounds"} | told < set(measures)


def test_what_does_not_fit_gets_more_up_to_the_budget(guidance, ctx):
    noise = np.random.default_rng(0).integers(0, 256, patient_images(0).shape).astype(np.uint8)
    train, val = known_gallery(0, 100, noise), known_gallery(1, 100, noise)
    attack = Distillation(**TOWER | {"rounds": 3, "steps": 2})
    attack.fit(train, val, guidance, ctx)
    assert attack.measures(val, val.references, ctx)["rounds"] == 3
    easy = Distillation(**TOWER | {"rounds": 3, "saturation": 0.6})
    easy.fit(*(known_gallery(seed, 100, 255 - patient_images(seed)) for seed in (0, 1)), guidance, ctx)
    assert easy.measures(val, val.references, ctx)["rounds"] == 1


def test_the_teacher_has_to_be_there_and_alike(guidance, ctx):
    train, val = known_gallery(0, 100), known_gallery(1, 100)
    with pytest.raises(PrivbenchError, match="needs the guidance's embedder"):
        Distillation(**TOWER).fit(train, val, replace(guidance, embedder=None), ctx)
    with pytest.raises(PrivbenchError, match="cannot start from the guidance"):
        Distillation(**TOWER | {"features": 8}).fit(train, val, guidance, ctx)


def test_single_images_are_found_by_what_finds_them(guidance, ctx, tmp_path):
    """It may begin as what links patients does, and a file of tensors holds none under two names."""
    train, val, test = (known_gallery(seed, 100, pixelwise_key(patient_images(seed))) for seed in range(3))
    attack, again = Distillation(**TOWER), Distillation(**TOWER)
    attack.fit(train, val, guidance, ctx)
    learnt = attack._distilled
    examples = OwnPairs(learnt.undo.of_examples(OwnPairs(train.probes, train.references, learnt.portraits)).numpy(),
                        train.references, learnt.portraits)  # fmt: skip
    blurs = KINDS["regression on low bits"].fit(examples, np.random.default_rng(0))
    finder = Chain((*learnt.undo.names, "regression on low bits"), (*learnt.undo.undos, blurs))
    attack._distilled = replace(learnt, finder=finder)
    save_state(attack.state(), tmp_path)
    again.load_state(load_state(tmp_path), torch.device("cpu"))
    wanted = image_similarity(learnt.portraits, finder.images(test.probes).numpy(), test.references)
    assert np.array_equal(again.image_similarity(test, ctx), wanted)
    assert not np.array_equal(learnt.image_similarity(test), wanted)
