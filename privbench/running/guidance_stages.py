"""The stages of the guidance: the classifier and the verifier that everything else leans on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.gallery import KnownGallery
from ..data.pairs import Pairs
from ..data.splits import Split
from ..learning.classifier import fit_classifier
from ..learning.context import Context
from ..learning.guidance import Guidance, untrained_guidance
from ..learning.recipes import Backbone, GuidanceRecipe
from ..learning.states import load_state, save_state
from ..learning.verifier import fit_verifier
from ..learning.weights import weights_source
from .stage_names import CLASSIFIER, DATA, VERIFIER

if TYPE_CHECKING:
    from .stages import Stages


def make_guidance(stages: Stages, recipe: GuidanceRecipe, splits: Mapping[str, Split], pairs: Pairs) -> Guidance:
    """The two networks, trained on original images; `pairs` are the verifier's training pairs."""
    train, val = splits["train"], splits["val"]

    def make_classifier(folder: Path, ctx: Context) -> None:
        network = fit_classifier(train, val, recipe.classifier, ctx, "guidance classifier")
        save_state(network.state_dict(), folder)

    def make_verifier(folder: Path, ctx: Context) -> None:
        known = KnownGallery(train.images, train.images, pairs=pairs, table=train.table)
        known_val = KnownGallery(val.images, val.images, pairs=val.pairs, table=val.table)
        network = fit_verifier(known, known_val, recipe.verifier, ctx, "guidance verifier")
        save_state(network.state_dict(), folder)

    guidance = untrained_guidance(recipe, len(train.findings), stages.device)
    classifier = stages.make(CLASSIFIER, _config(recipe.classifier), [DATA], make_classifier)
    guidance.classifier.load_state_dict(load_state(classifier.folder))
    config = _config(recipe.verifier) | {"pairs": {"guidance": pairs.digest, "val": val.pairs.digest}}
    verifier = stages.make(VERIFIER, config, [DATA], make_verifier)
    guidance.verifier.load_state_dict(load_state(verifier.folder))
    return guidance


def _config(recipe: Backbone) -> dict[str, Any]:
    """What decides a guidance network, beside the data."""
    return {"recipe": recipe.model_dump(mode="json"), "weights": weights_source(recipe)}
