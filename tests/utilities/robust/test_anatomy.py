"""Anatomy heads: shapes, truth in the loss, and that unknown labels and augmentation are respected."""

import numpy as np
import pandas as pd
import pytest
import timm
import torch

from privbench.base.errors import PrivbenchError
from privbench.data.pairs import Pairs
from privbench.data.splits import CELLS, Split
from privbench.learning.augmentation import draw_moves, move
from privbench.learning.features import collected_outputs
from privbench.learning.recipes import Augmentation
from privbench.utilities.robust.anatomy import AnatomyHeads, AnatomyLoss

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
    assert float(loss(stages, rows, None)) != pytest.approx(float(other(alone, rows, None)))
    unknown.locations[0] = 255 - unknown.locations[0]
    again = AnatomyLoss(model, unknown, torch.device("cpu"))
    again.load_state_dict(loss.state_dict())
    assert float(again(stages_of(model, 2), rows, None)) == pytest.approx(float(other(alone, rows, None)))


def test_what_is_learnt_moves_with_the_image(model):
    known = split([[1.0, 0.0]])
    moves = draw_moves(1, Augmentation(), torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    loss = AnatomyLoss(model, known, torch.device("cpu")).eval()
    assert float(loss(stages_of(model, 1), torch.tensor([0]), moves)) != pytest.approx(
        float(loss(stages_of(model, 1), torch.tensor([0]), None))
    )
    image = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(2))
    assert torch.equal(move(torch.cat([image, image], 1), moves)[:, :1], move(image, moves))
