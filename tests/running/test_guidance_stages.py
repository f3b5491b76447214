"""The classifier and the verifier of the guidance, each made of what decides it and of nothing else."""

import numpy as np
import pytest
import torch
from privbench.running.stages import Stages

from privbench.base.progress import Progress
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.engine.store import Store
from privbench.learning.classifier import classify
from privbench.learning.device import create_fabric
from privbench.learning.recipes import GuidanceRecipe
from privbench.learning.states import load_state
from privbench.plugins.interfaces import DataRequest
from privbench.protocols.schema import PairsSection
from privbench.running.guidance_stages import make_guidance
from privbench.running.loading import data_stage, read_splits
from privbench.running.pairing import guidance_pairs, with_pairs
from privbench.running.stage_names import CLASSIFIER, DATA, VERIFIER

NETWORK = {"backbone": "test_resnet", "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}
RECIPE = GuidanceRecipe(classifier=NETWORK, verifier=NETWORK | {"features": 4})
PAIRS = PairsSection(guidance=16, train=10, val=10, test=10, cap=2)


@pytest.fixture(scope="module")
def made_in(tmp_path_factory):
    """Makes the guidance in one store; returns it with the run's stages and its splits."""
    root = tmp_path_factory.mktemp("store")

    def make(recipe=RECIPE, pairs=PAIRS):
        stages = Stages(Store(root), create_fabric("cpu", "32-true"), "32-true", 0, Progress(quiet=True))
        dataset = PhantomDataset(patients=40)
        data = data_stage(
            stages, dataset, {}, DataRequest(32, 0, None, 1, Progress(quiet=True)), 0.25, lambda table: None
        )
        splits = with_pairs(read_splits(data.folder, dataset.findings), PAIRS, 0)
        return make_guidance(stages, recipe, splits, guidance_pairs(splits["train"], pairs, 0)), stages, splits

    return make


def test_the_guidance_holds_what_its_stages_learnt(made_in):
    guidance, stages, _ = made_in()
    assert list(stages.made) == [DATA, CLASSIFIER, VERIFIER]
    for network, name in ((guidance.classifier, CLASSIFIER), (guidance.verifier, VERIFIER)):
        stored, own = load_state(stages.made[name].folder), network.state_dict()
        assert stored.keys() == own.keys()
        assert all(torch.equal(stored[key], own[key]) for key in stored)
        assert not network.training
    assert guidance.recipe == RECIPE


def test_both_trainings_have_curves(made_in):
    _, stages, _ = made_in()
    assert {row["training"] for row in stages.curves} == {"guidance classifier", "guidance verifier"}


def test_the_guidance_is_taken_from_the_store_and_does_the_same(made_in, ctx):
    (one, _, splits), (again, stages, _) = made_in(), made_in()
    assert all(stage.cached for stage in stages.made.values())
    images = splits["test"].images
    assert np.array_equal(classify(one.classifier, images, ctx), classify(again.classifier, images, ctx))


def test_other_guidance_pairs_make_another_verifier_and_leave_the_classifier(made_in):
    _, before, _ = made_in()
    _, after, _ = made_in(pairs=PAIRS.model_copy(update={"guidance": 12}))
    assert after.made[CLASSIFIER].key == before.made[CLASSIFIER].key
    assert after.made[VERIFIER].key != before.made[VERIFIER].key


@pytest.mark.parametrize(("part", "kept"), [("classifier", VERIFIER), ("verifier", CLASSIFIER)])
def test_a_recipe_decides_its_own_network_alone(made_in, part, kept):
    _, before, _ = made_in()
    changed = RECIPE.model_copy(update={part: getattr(RECIPE, part).model_copy(update={"learning_rate": 2e-3})})
    _, after, _ = made_in(recipe=changed)
    assert {name for name in (CLASSIFIER, VERIFIER) if after.made[name].key == before.made[name].key} == {kept}
