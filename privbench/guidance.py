"""The pretrained classifier and verifier: an adversarial anonymizer learns against them, utility is judged by them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import field_validator

from .classification import ClassifierRecipe
from .interfaces import Params
from .networks import Backbone, Classifier, Verifier, without_weights
from .verification import VerifierRecipe


class GuidanceRecipe(Params):
    """How the two guidance networks are made, on original images."""

    classifier: ClassifierRecipe
    verifier: VerifierRecipe

    @field_validator("classifier", "verifier")
    @classmethod
    def _starts_elsewhere(cls, recipe: Backbone) -> Backbone:
        if recipe.init == "guidance":
            raise ValueError("the guidance cannot start from itself: use scratch or imagenet")
        return recipe


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
