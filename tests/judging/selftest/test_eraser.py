"""The eraser takes one finding away, and nothing else."""

import pytest
import torch
from contracts import GUIDANCE, fitted

from privbench.base.errors import PrivbenchError
from privbench.judging.selftest.eraser import Eraser


def test_an_erased_finding_is_alike_in_all_images_and_the_others_stay(around):
    anonymizer = fitted(Eraser(classifier=GUIDANCE.classifier.model_dump(), steps=12, budget=8), around)
    images, read = around.images, around.guidance.classifier
    released = anonymizer.anonymize(images, torch.Generator())
    column = around.splits["train"].findings.index("Effusion")
    with torch.no_grad():
        before, after = read(images), read((released * 255).round() / 255)
    assert (released - images).abs().max() <= 12 / 255 + 1e-6
    assert after[:, column].std() < 0.3 * before[:, column].std()
    others = [other for other in range(before.shape[1]) if other != column]
    assert (after - before)[:, others].std() < 0.5 * before[:, others].std()


def test_an_unknown_finding_cannot_be_erased(around):
    with pytest.raises(PrivbenchError, match="Effusion"):
        fitted(Eraser(classifier=GUIDANCE.classifier.model_dump(), finding="Efusion"), around)


def test_an_eraser_keeps_to_its_budget(around):
    """And leaves images within what an image can hold."""
    images = around.images
    for budget in (1, 3):
        eraser = fitted(Eraser(classifier=GUIDANCE.classifier.model_dump(), steps=4, budget=budget), around)
        released = eraser.anonymize(images, torch.Generator())
        assert 0 < (released - images).abs().max() <= budget / 255 + 1e-6
        assert 0 <= released.min() <= released.max() <= 1
        assert not released.requires_grad


def test_another_finding_can_be_erased(around):
    finding = around.splits["train"].findings[0]
    eraser = fitted(Eraser(classifier=GUIDANCE.classifier.model_dump(), finding=finding), around)
    with torch.no_grad():
        before = around.guidance.classifier(around.images)[:, 0]
        after = around.guidance.classifier(eraser.anonymize(around.images, torch.Generator()))[:, 0]
    assert after.std() < 0.5 * before.std()
