"""The stages of the guidance: the classifier, the verifier and the embedder that everything else leans on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.gallery import KnownGallery
from ..data.pairs import Pairs
from ..learning.classifier import fit_classifier
from ..learning.embedder import fit_embedder
from ..learning.states import save_state
from ..learning.verifier import fit_verifier
from ..learning.weights import weights_source
from .ledgers import learnt_from, ledger_terms
from .source import Source
from .stage_names import CLASSIFIER, EMBEDDER, VERIFIER

if TYPE_CHECKING:
    from ..engine.node import Node, Nodes, Reads
    from ..learning.context import Context
    from ..learning.recipes import Backbone


@dataclass(frozen=True)
class TrainClassifier:
    """Trains the guidance classifier on original images."""

    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        splits, recipe = self.source.shown(reads).originals, self.source.recipe.classifier
        network = fit_classifier(splits["train"], splits["val"], recipe, ctx, "guidance classifier")
        save_state(network.state_dict(), folder, learnt_from(self.source, reads, recipe))


@dataclass(frozen=True)
class TrainVerifier:
    """Trains the guidance verifier on original images; `pairs` are its training pairs."""

    source: Source
    pairs: Pairs

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        splits, recipe = self.source.shown(reads).originals, self.source.recipe.verifier
        train, val = splits["train"], splits["val"]
        known = KnownGallery(train.images, train.images, pairs=self.pairs, table=train.table)
        known_val = KnownGallery(val.images, val.images, pairs=val.pairs, table=val.table)
        network = fit_verifier(known, known_val, recipe, ctx, "guidance verifier")
        save_state(network.state_dict(), folder, learnt_from(self.source, reads, recipe))


@dataclass(frozen=True)
class TrainEmbedder:
    """Trains the embedder on original images."""

    source: Source

    def __call__(self, reads: Reads, folder: Path, ctx: Context) -> None:
        splits, recipe = self.source.shown(reads).originals, self.source.recipe.embedder
        assert recipe is not None  # without a recipe there is no such stage
        train, val = (
            KnownGallery(split.images, split.images, pairs=split.pairs, table=split.table)
            for split in (splits["train"], splits["val"])
        )
        network = fit_embedder(train, val, recipe, ctx, "guidance embedder")
        save_state(network.state_dict(), folder, learnt_from(self.source, reads, recipe))


def guidance_nodes(
    nodes: Nodes, data: Node, source: Source, pairs: Pairs | None
) -> tuple[Node, Node | None, Node | None]:
    """The classifier, the verifier and, where there is a recipe, the embedder.

    `pairs` are the verifier's training pairs; None where the data set names no patients, so that these two cannot be.
    """
    recipe = source.recipe
    classifier = nodes.node(CLASSIFIER, _config(source, recipe.classifier), [data], TrainClassifier(source))
    if pairs is None:
        return classifier, None, None
    told = {"pairs": {"guidance": pairs.digest, "val": source.pairs["val"].digest}}
    verifier = nodes.node(VERIFIER, _config(source, recipe.verifier) | told, [data], TrainVerifier(source, pairs))
    return classifier, verifier, embedder_node(nodes, data, source, {})


def embedder_node(nodes: Nodes, data: Node, source: Source, budget: Mapping[str, Any]) -> Node | None:
    """The embedder, where there is a recipe. `budget` tells, for the key, to which rows the source is cut."""
    recipe = source.recipe.embedder
    if recipe is None:
        return None
    told = {"pairs": {"val": source.pairs["val"].digest}, "budget": dict(budget)}
    return nodes.node(EMBEDDER, _config(source, recipe) | told, [data], TrainEmbedder(source))


def _config(source: Source, recipe: Backbone) -> dict[str, Any]:
    """What decides a guidance network, beside the data."""
    told = {"recipe": recipe.model_dump(mode="json"), "weights": weights_source(recipe)}
    return told | ledger_terms(source, recipe)
