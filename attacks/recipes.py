"""What the attacks that learn an embedding are told: read without torch, apart from what computes with it."""

from __future__ import annotations

from pydantic import Field

from privbench.learning.recipes import Augmentation, Backbone, Recipe


class ContrastiveParams(Recipe, Backbone):
    """The embedding's network and how it is trained; `batch_size` counts patients, each with two images."""

    steps: int = Field(ge=1, description="batches an epoch")
    features: int = Field(128, ge=1, description="length of the embedding")
    temperature: float = Field(0.1, gt=0, description="of the contrastive loss")
    augmentation: Augmentation = Field(Augmentation(), description="what changes between visits")


class RestorerRecipe(Recipe):
    """The U-Net that undoes the anonymizer and how it is trained, on single images."""

    width: int = Field(16, ge=1, description="filters of its first level")


class RestorationParams(ContrastiveParams):
    restorer: RestorerRecipe = Field(description="the U-Net and its training")


class AveragingParams(ContrastiveParams):
    releases: int = Field(16, ge=1, description="independent releases of every image that the attacker averages")
