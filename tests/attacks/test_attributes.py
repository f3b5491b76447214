import numpy as np
import pytest
import torch
from galleries import known_gallery
from privbench.attacks.attributes import Attributes

from privbench.learning.guidance import untrained_guidance
from privbench.learning.recipes import GuidanceRecipe
from privbench.metrics.roc import auc

RECIPE = {"backbone": "test_resnet", "epochs": 30, "batch_size": 32, "learning_rate": 4e-3, "schedule": "one-cycle"}


@pytest.fixture(scope="module")
def guidance():
    network = {"backbone": "test_resnet", "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}
    recipe = GuidanceRecipe(classifier=network, verifier=network | {"features": 16})
    return untrained_guidance(recipe, 14, torch.device("cpu"))


def test_it_reads_attributes_that_it_has_seen(guidance, ctx):
    """Patients of the training set in new images: what it can learn of fifty patients is who they are."""
    known = known_gallery(0, 100, size=32)
    attack = Attributes(**RECIPE)
    attack.fit(known, known, guidance, ctx)
    inferred = attack.infer(known, ctx)
    assert tuple(inferred) == attack.attributes == ("sex", "age", "view")
    assert auc((known.table["sex"] == "M").to_numpy(), inferred["sex"]) > 0.9
    assert auc((known.table["view"] == "PA").to_numpy(), inferred["view"]) > 0.9
    errors = np.abs(inferred["age"] - known.table["age"])
    assert errors.mean() < 0.5 * np.abs(known.table["age"] - known.table["age"].median()).mean()


def test_it_starts_from_the_guidance_with_a_head_of_its_own(guidance, ctx):
    known = known_gallery(0, 100, size=32)
    attack = Attributes(**RECIPE | {"init": "guidance", "epochs": 1, "learning_rate": 1e-12})
    attack.fit(known, known, guidance, ctx)
    state = attack.state()
    for key, weight in guidance.classifier.named_parameters():
        if not key.startswith("model.fc"):
            assert np.allclose(state[f"network.{key}"], weight.detach(), atol=1e-6), key
    assert state["network.model.fc.weight"].shape[0] == 3
