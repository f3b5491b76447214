from dataclasses import replace

import numpy as np
import pytest
import torch
from galleries import known_gallery
from privbench.attacks.attribute_reader import _loss, age_loss_where
from privbench.attacks.attributes import Attributes
from torch.nn import functional

from privbench.base.errors import PrivbenchError
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


def test_attributes_that_nobody_told_teach_nothing_and_spoil_nothing(guidance, ctx):
    known = known_gallery(0, 40, size=32)
    ages = known.table["age"].astype(float)
    unknown = np.arange(len(ages)) % 3 == 0
    partly = replace(known, table=known.table.assign(age=ages.mask(unknown)))
    attack = Attributes(**RECIPE | {"epochs": 1})
    attack.fit(partly, partly, guidance, ctx)
    inferred = attack.infer(partly, ctx)
    assert np.isfinite(inferred["age"]).all()
    mean, _ = attack.state()["scale"].tolist()
    assert mean == pytest.approx(ages[~unknown].mean(), rel=1e-6)
    some = replace(known, table=known.table.assign(sex=known.table["sex"].mask(unknown, ""), view=""))
    attack.fit(some, some, guidance, ctx)
    assert np.isfinite(attack.infer(some, ctx)["sex"]).all()
    nobody = replace(known, table=known.table.assign(age=np.nan))
    with pytest.raises(PrivbenchError, match="tells none of a training image: leave it out with --set attacks"):
        Attributes(**RECIPE).fit(nobody, nobody, guidance, ctx)


def test_an_attribute_weighs_over_the_images_of_which_it_is_known():
    outputs, targets = torch.randn(6, 3), torch.tensor([[1.0, 0.5, 0.0]] * 6)
    both = functional.binary_cross_entropy_with_logits(outputs[:, [0, 2]], targets[:, [0, 2]])
    assert _loss(outputs, targets) == both + functional.mse_loss(outputs[:, 1], targets[:, 1]) / 2
    targets[2:, 2] = targets[:, 1] = torch.nan
    known = torch.cat([outputs[:, 0], -outputs[:2, 2]])  # a logit of the other value
    assert _loss(outputs, targets).item() == pytest.approx(functional.softplus(-known).mean().item(), rel=1e-6)
    assert _loss(outputs, torch.full((6, 3), torch.nan)) == 0
    told = torch.tensor([True, False, True, True, False, True])
    ages = torch.where(told, outputs[:, 0], torch.nan)
    by_hand = functional.mse_loss(outputs[told, 1], ages[told]) / 2
    assert age_loss_where(told, outputs[:, 1], ages).item() == pytest.approx(by_hand.item())
    assert age_loss_where(~told & told, outputs[:, 1], ages) == 0
