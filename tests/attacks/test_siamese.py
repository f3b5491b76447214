import numpy as np
import pytest
import torch
from galleries import known_gallery
from privbench.attacks.siamese import Siamese

from privbench.base.errors import PrivbenchError
from privbench.learning.guidance import untrained_guidance
from privbench.learning.recipes import GuidanceRecipe
from privbench.metrics.roc import auc

RECIPE = {"backbone": "test_resnet", "features": 16, "epochs": 6, "batch_size": 16, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def galleries():
    return known_gallery(0, 300, size=32), known_gallery(1, 100, size=32), known_gallery(2, 240, size=32)


@pytest.fixture(scope="module")
def guidance():
    network = {"backbone": "test_resnet", "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}
    recipe = GuidanceRecipe(classifier=network, verifier=network | {"features": 16})
    return untrained_guidance(recipe, 14, torch.device("cpu"))


def test_links_strangers_and_agrees_with_itself(galleries, guidance, ctx):
    train, val, test = galleries
    attack = Siamese(**RECIPE)
    attack.fit(train, val, guidance, ctx)
    scores = attack.similarity(test, test.pairs.probe, test.pairs.reference, ctx)
    assert auc(test.pairs.mated, scores) > 0.8
    matrix = attack.similarity_matrix(test, ctx)
    assert matrix.shape == (200, 200)
    assert np.allclose(matrix[test.pairs.probe, test.pairs.reference], scores, atol=1e-4)


@pytest.fixture(scope="module")
def few():
    """So few pairs that they are soon learnt by heart, and their validation."""
    return known_gallery(0, 100, size=32), known_gallery(1, 100, size=32)


def test_early_stopping_keeps_the_best_epoch(few, guidance, ctx):
    train, val = few
    attack = Siamese(**{**RECIPE, "epochs": 40, "patience": 2})
    attack.fit(train, val, guidance, ctx)
    losses = [row["val_loss"] for row in ctx.curves]
    assert len(losses) < 40
    assert int(np.argmin(losses)) == len(losses) - 3, "two epochs without a better one end it"
    assert entropy(attack, val, ctx) == pytest.approx(min(losses), rel=1e-4)


def test_the_last_epoch_is_kept_where_the_recipe_says_so(few, guidance, ctx):
    train, val = few
    # So fast that the loss goes up and down, whatever the number of threads that adds up.
    attack = Siamese(**{**RECIPE, "keep": "last", "epochs": 9, "learning_rate": 0.1})
    attack.fit(train, val, guidance, ctx)
    losses = [row["val_loss"] for row in ctx.curves]
    assert entropy(attack, val, ctx) == pytest.approx(losses[-1], rel=1e-4)
    assert losses[-1] > min(losses)


def entropy(attack, val, ctx) -> float:
    logits = attack.similarity(val, val.pairs.probe, val.pairs.reference, ctx)
    return float(np.mean(np.logaddexp(0, logits) - val.pairs.mated * logits))


def test_it_starts_from_the_guidance(galleries, guidance, ctx):
    train, val, _ = galleries
    attack = Siamese(**RECIPE | {"init": "guidance", "epochs": 1, "learning_rate": 1e-12})
    attack.fit(train, val, guidance, ctx)
    for key, weight in guidance.verifier.named_parameters():
        assert np.allclose(attack.state()[key], weight.detach(), atol=1e-6), key
    with pytest.raises(PrivbenchError, match="siamese cannot start from the guidance, whose network is another one"):
        Siamese(**RECIPE | {"init": "guidance", "features": 8}).fit(train, val, guidance, ctx)


def test_parameters_are_checked():
    with pytest.raises(PrivbenchError, match="'backbone' is missing in the parameters of attack 'siamese'"):
        Siamese(epochs=1, batch_size=2, learning_rate=1)
    with pytest.raises(PrivbenchError, match="did you mean 'patience'"):
        Siamese(**RECIPE, patienc=1)


def test_starting_weights_count_in_the_cache_key():
    assert Siamese(**RECIPE).inputs() == {"weights": "scratch"}
