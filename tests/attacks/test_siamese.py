import numpy as np
import pytest
from privbench.attacks.siamese import Siamese

from privbench.data.pairs import draw_pairs
from privbench.errors import PrivbenchError
from privbench.interfaces import Gallery
from privbench.metrics.roc import auc

RECIPE = {"backbone": "test_resnet", "features": 16, "epochs": 6, "batch_size": 16, "learning_rate": 3e-3}


def gallery(seed: int, pairs: int) -> Gallery:
    """Patients with a coarse pattern of their own below noise."""
    rng = np.random.default_rng(seed)
    patterns = rng.uniform(40, 215, (50, 4, 4)).repeat(8, 1).repeat(8, 2).repeat(4, 0)
    images = (patterns + rng.normal(0, 8, patterns.shape)).clip(0, 255).astype(np.uint8)[:, None]
    drawn = draw_pairs(np.arange(50).repeat(4), pairs, 6, rng, "train")
    return Gallery(images, images, drawn)


@pytest.fixture(scope="module")
def galleries():
    return gallery(0, 500), gallery(1, 100), gallery(2, 240)


def test_links_strangers_and_agrees_with_itself(galleries, ctx):
    train, val, test = galleries
    attack = Siamese(**RECIPE)
    attack.fit(train, val, ctx)
    scores = attack.similarity(test, ctx)
    assert auc(test.pairs.mated, scores) > 0.8
    matrix = attack.similarity_matrix(test.probes, test.references, ctx)
    assert matrix.shape == (200, 200)
    assert np.allclose(matrix[test.pairs.probe, test.pairs.reference], scores, atol=1e-4)


def test_early_stopping_keeps_the_best_epoch(galleries, ctx):
    train, val, _ = galleries
    attack = Siamese(**{**RECIPE, "epochs": 40, "patience": 2})
    attack.fit(train, val, ctx)
    losses = [row["val_loss"] for row in ctx.curves]
    assert len(losses) < 40
    assert int(np.argmin(losses)) == len(losses) - 3, "two epochs without a better one end it"
    target = val.pairs.mated.astype(float)
    logits = attack.similarity(val, ctx)
    entropy = np.mean(np.logaddexp(0, logits) - target * logits)
    assert entropy == pytest.approx(min(losses), rel=1e-4)


def test_parameters_are_checked():
    with pytest.raises(PrivbenchError, match="'backbone' is missing in the parameters of attack 'siamese'"):
        Siamese(epochs=1, batch_size=2, learning_rate=1)
    with pytest.raises(PrivbenchError, match="did you mean 'patience'"):
        Siamese(**RECIPE, patienc=1)


def test_starting_weights_count_in_the_cache_key():
    assert Siamese(**RECIPE).inputs() == {"weights": "random"}
