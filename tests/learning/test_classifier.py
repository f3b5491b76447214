"""The classifier learns to find findings."""

import numpy as np
import pandas as pd
import torch

from privbench.data.pairs import draw_pairs
from privbench.data.splits import Split
from privbench.learning.classifier import classify, fit_classifier
from privbench.learning.recipes import ClassifierRecipe
from privbench.metrics.roc import auc

BACKBONE = {"backbone": "test_resnet", "batch_size": 16, "learning_rate": 3e-3}


def findings_split(seed: int) -> Split:
    """Bright left, bright right, or both, as two findings."""
    rng = np.random.default_rng(seed)
    labels = rng.random((300, 2)) < 0.4
    images = rng.normal(100, 20, (300, 1, 32, 32))
    images[:, 0, 8:20, 4:14] += 60 * labels[:, 0, None, None]
    images[:, 0, 8:20, 18:28] += 60 * labels[:, 1, None, None]
    table = pd.DataFrame({"image": [f"{i}.png" for i in range(300)], "patient": range(300)})
    table[["Left", "Right"]] = labels.astype(np.uint8)
    empty = draw_pairs(np.arange(4).repeat(2), 4, None, rng, "train")
    return Split(images.clip(0, 255).astype(np.uint8), table, ("Left", "Right"), empty)


def test_classifier_finds_findings(ctx):
    recipe = ClassifierRecipe(**BACKBONE, epochs=4)
    classifier = fit_classifier(findings_split(0), findings_split(1), recipe, ctx, "classifier")
    test = findings_split(2)
    scores = classify(classifier, test.images, ctx)
    assert scores.shape == (300, 2)
    assert min(auc(test.labels[:, c], scores[:, c]) for c in range(2)) > 0.95
    constant = classify(classifier, np.full_like(test.images, 77), ctx)
    assert [auc(test.labels[:, c], constant[:, c]) for c in range(2)] == [0.5, 0.5]
    assert isinstance(classifier.model, torch.nn.Module)
