"""Recipes: which network, and how it is trained. Read without torch, so that reading a protocol costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ..base.params import Params

Init = Literal["scratch", "guidance", "imagenet"]
Compiled = Literal["default", "reduce-overhead"]
"""A mode of torch.compile: kernels that are fused, or besides given to the device as one recorded graph of them."""


class Backbone(Params):
    """A timm network and what it wants to see."""

    backbone: str = Field(description="a timm model name")
    options: dict[str, Any] = Field({}, description="further arguments of timm.create_model")
    init: Init = Field("scratch", description="starting weights: random, those of the guidance, or timm's ImageNet's")
    weights_file: Path | None = Field(
        None, exclude=True, description="starting weights that were learnt elsewhere, in the place of init"
    )
    input_size: int | None = Field(None, ge=16, description="pixels that images are resized to; none leaves them")
    normalize: bool = Field(False, description="whether what scanners' post-processing adds is removed first")

    @model_validator(mode="after")
    def _starts_in_one_way(self) -> Backbone:
        if self.weights_file is not None and self.init != "scratch":
            raise ValueError(f"weights_file takes the place of init = {self.init}: set init = scratch beside it")
        return self


class Augmentation(Params):
    """How far each property may be changed; every image gets its own draw, uniform up to these bounds."""

    shift: float = Field(0.12, ge=0, le=0.5, description="of the image's side")
    rotation: float = Field(10, ge=0, le=45, description="degrees")
    scale: float = Field(0.15, ge=0, le=0.5, description="of the size")
    exposure: float = Field(0.25, ge=0, le=0.8, description="of the contrast, and half as much of the brightness")
    noise: float = Field(0.04, ge=0, le=0.5, description="standard deviation, of the grey range")


class Recipe(Params):
    """How a network is trained with Adam."""

    epochs: int = Field(ge=1, description="epochs at the most")
    batch_size: int = Field(ge=2, description="images or pairs a step")
    learning_rate: float = Field(gt=0, description="Adam's step size")
    schedule: Literal["constant", "one-cycle"] = Field(
        "constant", description="the learning rate over the steps; one-cycle rises to it and falls to nothing"
    )
    keep: Literal["best", "last"] = Field(
        "best", description="the epoch whose weights are kept: the best on validation data, or the last"
    )
    patience: int | None = Field(None, ge=1, description="epochs without a better validation loss before stopping")

    @model_validator(mode="after")
    def _ends_one_way(self) -> Recipe:
        if self.keep == "last" and self.patience is not None:
            raise ValueError("patience stops after the best epoch, so the last cannot be kept: leave one of them out")
        return self


class ClassifierRecipe(Recipe, Backbone):
    """The classifier's network and how it is trained."""

    augmentation: Augmentation | None = Field(None, description="how training images are varied; none: not at all")


class VerifierRecipe(Recipe, Backbone):
    """The verifier's network and how it is trained: on drawn pairs, or, with `steps`, on patients.

    Of patients a step takes `batch_size`, with two images each, and every pair of one's first with one's second image
    counts. So every image teaches in as many pairs as there are patients, for one pass through the network.
    """

    features: int = Field(128, ge=1, description="length of the embedding")
    steps: int | None = Field(
        None,
        ge=1,
        exclude_if=lambda steps: steps is None,
        description="batches of patients an epoch; none: an epoch is the pairs that are drawn",
    )
    augmentation: Augmentation | None = Field(
        None, exclude_if=lambda one: one is None, description="how training images are varied; none: not at all"
    )

    @model_validator(mode="after")
    def _has_two_images_of_each(self) -> VerifierRecipe:
        if self.steps is not None and self.augmentation is None:
            raise ValueError("steps trains on patients of one image, too, who need two: give an augmentation beside it")
        return self


class EmbedderRecipe(Recipe, Backbone):
    """The embedder's network and how it is trained; `batch_size` counts patients, each with two images."""

    steps: int = Field(ge=1, description="batches an epoch")
    features: int = Field(128, ge=1, description="length of the embedding")
    temperature: float = Field(0.1, gt=0, description="of the contrastive loss")
    augmentation: Augmentation = Field(Augmentation(), description="what changes between visits")


class GuidanceRecipe(Params):
    """How the guidance networks are made, on original images."""

    classifier: ClassifierRecipe
    verifier: VerifierRecipe
    embedder: EmbedderRecipe | None = Field(None, description="what attacks learn from that have a teacher")

    @field_validator("classifier", "verifier", "embedder")
    @classmethod
    def _starts_elsewhere(cls, recipe: Backbone | None) -> Backbone | None:
        if recipe is not None and recipe.init == "guidance":
            raise ValueError("the guidance cannot start from itself: use scratch or imagenet")
        return recipe
