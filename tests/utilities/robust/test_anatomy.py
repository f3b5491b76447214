"""Anatomy heads: shapes, truth in the loss, and that unknown labels and augmentation are respected."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import timm
import torch

from privbench.base.errors import PrivbenchError
from privbench.base.progress import Progress
from privbench.data.pairs import Pairs
from privbench.data.splits import CELLS, Split
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.learning.augmentation import draw_moves, move
from privbench.learning.features import collected_outputs
from privbench.learning.recipes import Augmentation
from privbench.plugins.interfaces import DataRequest
from privbench.utilities.robust.anatomy import AnatomyHeads, AnatomyLoss, known_places

FINDINGS = ("Mass", "Nodule")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=2).eval()


def split(labels):
    rows = len(labels)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(labels, columns=list(FINDINGS)).assign(patient=range(rows))
    masks = rng.integers(0, 4, (rows, 1, 32, 32)).astype(np.uint8)
    locations = rng.integers(0, 256, (rows, 2, CELLS, CELLS)).astype(np.uint8)
    none = np.array([], np.int64)
    pairs = Pairs(none, none, none.astype(bool))
    return Split(np.zeros((rows, 1, 32, 32), np.uint8), table, FINDINGS, pairs, masks, locations)


def stages_of(model, count):
    with collected_outputs(model) as stages:
        model(torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(1)))
    return stages


def test_the_heads_read_all_stages_and_answer_on_both_grids(model):
    organs, places = AnatomyHeads(model, 2)(stages_of(model, 3))
    assert organs.shape == (3, 2, 8, 8)
    assert places.shape == (3, 2, CELLS, CELLS)


def test_a_backbone_without_stages_is_refused():
    with pytest.raises(PrivbenchError, match="convolutional"):
        AnatomyHeads(torch.nn.Linear(1, 1), 2)


def test_a_transformers_tokens_are_no_maps():
    vit = timm.create_model("test_vit", num_classes=2, img_size=32, patch_size=8).eval()
    with pytest.raises(PrivbenchError, match="convolutional"):
        AnatomyHeads(vit, 2)(stages_of(vit, 1))


def test_unknown_labels_have_no_place(model):
    known, unknown = split([[1.0, 0.0], [0.0, 1.0]]), split([[np.nan, np.nan], [0.0, 1.0]])
    torch.manual_seed(0)
    loss = AnatomyLoss(model, known, torch.device("cpu"))
    other = AnatomyLoss(model, unknown, torch.device("cpu"))
    other.load_state_dict(loss.state_dict())
    rows, stages = torch.tensor([0, 1]), stages_of(model, 2)
    alone = stages_of(model, 2)
    assert loss(stages, rows, None).item() != pytest.approx(other(alone, rows, None).item())
    unknown.locations[0] = 255 - unknown.locations[0]
    again = AnatomyLoss(model, unknown, torch.device("cpu"))
    again.load_state_dict(loss.state_dict())
    assert again(stages_of(model, 2), rows, None).item() == pytest.approx(other(alone, rows, None).item())


def test_a_present_finding_without_a_told_place_is_somewhere():
    """Masses of the first two images are placed in the second alone: many without one, and few placed, would teach that
    they are nowhere. No nodule is placed at all."""
    train = split([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [np.nan, np.nan]])
    train.locations[[0, 2, 3]] = 0
    train.locations[:, 1] = 0
    assert known_places(train).tolist() == [[False, False], [True, False], [False, False], [False, False]]
    train.locations[0, 0] = 255
    assert known_places(train)[:, 0].tolist() == [True, True, True, False], "every mass is placed"
    train.locations[:] = 0
    assert known_places(train) is None
    absent = split([[1.0, 0.0], [0.0, 0.0]])
    absent.locations[1] = absent.locations[:, 1] = 0
    assert known_places(absent).all(), "who has no nodule has it nowhere"


def test_of_the_phantom_all_places_are_known_that_have_a_label():
    dataset = PhantomDataset(patients=60)
    request = DataRequest(32, 0, None, 1, Progress(quiet=True))
    table = dataset.table(request)
    locations = np.concatenate([chunk.locations for chunk in dataset.read(table, request)])
    none = np.array([], np.int64)
    pairs = Pairs(none, none, none.astype(bool))
    train = Split(np.zeros((len(table), 1, 32, 32), np.uint8), table, dataset.findings, pairs, None, locations)
    assert known_places(train).all()


def test_a_place_that_nobody_told_teaches_as_little_as_a_label_that_nobody_gave(model):
    lost, unknown = split([[1.0, 0.0], [1.0, 1.0]]), split([[np.nan, 0.0], [1.0, 1.0]])
    lost.locations[0, 0] = unknown.locations[0, 0] = 0
    torch.manual_seed(0)
    loss = AnatomyLoss(model, lost, torch.device("cpu"))
    other = AnatomyLoss(model, unknown, torch.device("cpu"))
    other.load_state_dict(loss.state_dict())
    rows = torch.tensor([0, 1])
    values = [one(stages_of(model, 2), rows, None).item() for one in (loss, other)]
    assert values[0] == values[1]
    lost.locations[0, 0] = 255
    told = AnatomyLoss(model, lost, torch.device("cpu"))
    told.load_state_dict(loss.state_dict())
    assert told(stages_of(model, 2), rows, None).item() != pytest.approx(values[0])


def test_without_any_place_the_organs_alone_are_learnt(model):
    train, bare = split([[1.0, 0.0], [0.0, 1.0]]), split([[1.0, 0.0], [0.0, 1.0]])
    train.locations[:] = 0
    bare = replace(bare, locations=None)
    torch.manual_seed(0)
    loss = AnatomyLoss(model, train, torch.device("cpu"))
    other = AnatomyLoss(model, bare, torch.device("cpu"))
    other.load_state_dict(loss.state_dict())
    rows = torch.tensor([0, 1])
    assert loss(stages_of(model, 2), rows, None).item() == other(stages_of(model, 2), rows, None).item()


def test_what_is_learnt_moves_with_the_image(model):
    known = split([[1.0, 0.0]])
    moves = draw_moves(1, Augmentation(), torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    loss = AnatomyLoss(model, known, torch.device("cpu")).eval()
    assert loss(stages_of(model, 1), torch.tensor([0]), moves).item() != pytest.approx(
        loss(stages_of(model, 1), torch.tensor([0]), None).item()
    )
    image = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(2))
    assert torch.equal(move(torch.cat([image, image], 1), moves)[:, :1], move(image, moves))
