"""Networks that were trained on originals beforehand.

An adversarial anonymizer learns against the classifier and the verifier, utility is judged by them; attacks learn from
the embedder.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..base.errors import PrivbenchError
from .networks import Classifier, Embedder, Verifier
from .recipes import EmbedderRecipe, GuidanceRecipe
from .weights import without_weights


@dataclass(frozen=True)
class Guidance:
    """The networks, in evaluation mode on the device, and their recipe. Whoever trains one further copies it.

    The embedder is an attacker's, and there for attacks alone that need it. `known_verifier` is None where the data set
    names no patients to learn from.
    """

    recipe: GuidanceRecipe
    classifier: Classifier
    known_verifier: Verifier | None
    embedder: Embedder | None = None

    @property
    def verifier(self) -> Verifier:
        """The verifier. Raises PrivbenchError where there is none."""
        if self.known_verifier is None:
            raise PrivbenchError(
                "There is no guidance verifier, because the data set names no patients: declare needs_patients = True "
                "in the anonymizer that asks for it, and take another one."
            )
        return self.known_verifier


def untrained_guidance(recipe: GuidanceRecipe, findings: int, device: torch.device) -> Guidance:
    """The recipe's networks with random weights, which the caller seeds, where it does not matter what they know."""
    classifier = Classifier(without_weights(recipe.classifier), findings)
    verifier = Verifier(without_weights(recipe.verifier), recipe.verifier.features)
    return Guidance(recipe, classifier.to(device).eval(), verifier.to(device).eval())


def untrained_embedder(recipe: EmbedderRecipe, device: torch.device) -> Embedder:
    """The recipe's embedder with random weights, for those that it had."""
    return Embedder(without_weights(recipe), recipe.features).to(device).eval()
