"""The classifier's recipes: what is adopted, what is trained, what unknown and wrong labels do."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from privbench.base.errors import PrivbenchError
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.surroundings import surroundings
from privbench.learning.classifier import fit_classifier, label_loss, loss_where
from privbench.learning.device import create_fabric
from privbench.learning.recipes import ClassifierRecipe, GuidanceRecipe
from privbench.utilities.classification import Classification
from privbench.utilities.robust import PARTS

NETWORK = {"backbone": "test_resnet", "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def around():
    recipe = GuidanceRecipe(classifier=NETWORK, verifier=NETWORK)
    with surroundings(PhantomDataset(patients=40), recipe, 32, create_fabric("cpu", "32-true")) as made:
        yield made


def read(task, around, **changes):
    splits = {name: split for name, split in around.splits.items()} | changes
    task.fit(splits["train"], splits["val"], around.guidance, around.context())
    return task.predict(splits["test"].images, around.context())


def test_unknown_labels_leave_the_loss_to_the_others():
    logits, labels = torch.tensor([[0.3, -2.0], [1.0, 0.5]]), torch.tensor([[1.0, torch.nan], [0.0, 1.0]])
    expected = functional.binary_cross_entropy_with_logits(logits[[0, 1, 1], [0, 0, 1]], labels[[0, 1, 1], [0, 0, 1]])
    assert float(label_loss(logits, labels)) == pytest.approx(float(expected))
    assert float(label_loss(logits, torch.full_like(labels, torch.nan))) == 0


def test_on_a_device_the_loss_and_its_gradient_are_the_same_without_a_choice(rng):
    """There labels that are not known are multiplied by nothing, because to choose would be to wait."""
    values, labels = rng.normal(size=(12, 5)), rng.integers(0, 2, (12, 5)).astype(np.float32)
    for unknown in (0.0, 0.4, 1.0):
        told = torch.from_numpy(np.where(rng.random((12, 5)) < unknown, np.nan, labels)).float()
        chosen, masked = (torch.tensor(values, dtype=torch.float32, requires_grad=True) for _ in range(2))
        one, other = label_loss(chosen, told), loss_where(~told.isnan(), masked, told)
        assert other.item() == pytest.approx(one.item(), rel=1e-6)
        gradients = [torch.autograd.grad(*pair)[0] for pair in ((one, chosen), (other, masked))]
        assert torch.allclose(*gradients, atol=1e-8)


def test_the_plain_recipe_on_originals_is_the_guidance_classifier(around):
    task = Classification()
    assert task.adopt(around.guidance)
    assert task._classifier is around.guidance.classifier
    assert not Classification(recipe="robust").adopt(around.guidance)
    assert not Classification(network=NETWORK).adopt(around.guidance)


def test_a_label_that_nobody_knows_teaches_nothing(around):
    train = around.splits["train"]
    hidden = train.table["Effusion"].astype(float).where(train.patients % 2 == 0)
    one, other = (
        train.__class__(**{**vars(train), "table": train.table.assign(Effusion=values)})
        for values in (hidden, hidden.fillna(1).where(hidden.notna()))
    )
    assert np.array_equal(read(Classification(), around, train=one), read(Classification(), around, train=other))
    assert not np.array_equal(read(Classification(), around, train=one), read(Classification(), around))


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_the_robust_recipe_changes_what_is_learnt(part, around):
    plain, robust = Classification(network=NETWORK), Classification(network=NETWORK, recipe="robust", parts=[part])
    assert not np.allclose(read(plain, around), read(robust, around))


def test_the_parts_all_stand_in_the_training_curves(around):
    ctx, task = around.context(), Classification(recipe="robust")
    task.fit(around.splits["train"], around.splits["val"], around.guidance, ctx)
    assert {"train_loss", "train_labels", "train_comorbidity", "train_anatomy", "val_loss"} <= ctx.curves[0].keys()
    assert set(task.state()) == set(around.guidance.classifier.state_dict()), "what only helps training is left behind"


@pytest.mark.parametrize("placed", [False, True], ids=["no locations", "of test images alone"])
def test_without_masks_and_locations_anatomy_is_left_out_and_said_so(placed, around, caplog):
    train = around.splits["train"]
    train = replace(train, masks=None, locations=np.zeros_like(train.locations) if placed else None)
    with caplog.at_level("WARNING", logger="privbench"):
        read(Classification(recipe="robust", parts=["anatomy"]), around, train=train)
    assert "goes without anatomy" in caplog.text


def test_augmentation_varies_training_and_nothing_else(around):
    moved = ClassifierRecipe(**NETWORK, augmentation={})
    train, val = around.splits["train"], around.splits["val"]
    one, other, plain = (
        fit_classifier(train, val, recipe, around.context(), "test")
        for recipe in (moved, moved, ClassifierRecipe(**NETWORK))
    )
    weights = [next(iter(network.state_dict().values())) for network in (one, other, plain)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"parts": ["anatomy"]}, "set recipe = robust"),
        ({"recipe": "robust", "parts": ["anatomy"], "reread_file": "x.csv"}, "label-noise"),
        ({"reread_file": "x.csv"}, "re-read"),
        ({"network": NETWORK | {"init": "guidance"}}, "scratch or imagenet"),
        ({"recipe": "robust", "parts": ["anatomi"]}, "anatomy"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(params, message):
    with pytest.raises(PrivbenchError, match=message):
        Classification(**params)


def test_a_reread_table_counts_by_its_content_and_not_by_its_place(tmp_path):
    tasks = []
    for name, text in (("a.csv", "image,Mass\n"), ("b.csv", "image,Mass\n"), ("c.csv", "image,Mass\n1,1\n")):
        (tmp_path / name).write_text(text)
        tasks.append(Classification(recipe="robust", reread_file=tmp_path / name))
    one, same, other = ((task.inputs(), task.params.model_dump(mode="json")) for task in tasks)
    assert one == same
    assert one != other
