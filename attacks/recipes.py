"""What the attacks that learn an embedding are told: read without torch, apart from what computes with it."""

from __future__ import annotations

from pydantic import Field, model_validator

from privbench.learning.recipes import EmbedderRecipe, Recipe


class RestorerRecipe(Recipe):
    """The U-Net that undoes the anonymizer and how it is trained, on single images."""

    width: int = Field(16, ge=1, description="filters of its first level")


class RestorationParams(EmbedderRecipe):
    restorer: RestorerRecipe = Field(description="the U-Net and its training")


class AveragingParams(EmbedderRecipe):
    releases: int = Field(16, ge=1, description="independent releases of every image that the attacker averages")


class DistillationParams(EmbedderRecipe):
    """The tower's training; its network is the guidance's embedder's, and `batch_size` counts patients."""

    rounds: int = Field(1, ge=1, description="trainings at the most, each twice as long as the one before")
    saturation: float = Field(0.95, gt=0.5, le=1, description="AUC on its own training pairs that ends the rounds")

    @model_validator(mode="after")
    def _starts_from_its_teacher(self) -> DistillationParams:
        if self.weights_file is not None:
            raise ValueError("the tower starts from its teacher: give the file to guidance.embedder.weights_file")
        return self
