"""The pretrained classifier and verifier: an adversarial anonymizer learns against them, utility is judged by them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .networks import Classifier, Verifier
from .recipes import GuidanceRecipe
from .weights import without_weights


@dataclass(frozen=True)
class Guidance:
    """The two networks, in evaluation mode on the device, and their recipe. Whoever trains one further copies it."""

    recipe: GuidanceRecipe
    classifier: Classifier
    verifier: Verifier


def untrained_guidance(recipe: GuidanceRecipe, findings: int, device: torch.device) -> Guidance:
    """The recipe's networks with random weights, which the caller seeds, where it does not matter what they know."""
    classifier = Classifier(without_weights(recipe.classifier), findings)
    verifier = Verifier(without_weights(recipe.verifier), recipe.verifier.features)
    return Guidance(recipe, classifier.to(device).eval(), verifier.to(device).eval())
