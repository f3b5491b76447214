"""Anonymizers that really remove identity: what they release does not come from the patient."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ...base.params import Params
from ...data.patients import first_rows
from ...data.splits import Split
from ...learning.classifier import classify
from ...learning.context import Context
from ...learning.guidance import Guidance
from ...learning.networks import Classifier
from ...learning.recipes import ClassifierRecipe
from ...learning.states import below, prefixed
from ...learning.weights import without_weights
from ...plugins.interfaces import Anonymizer
from .donors import Donors

_CLASSIFIER = "classifier."
_OUTSTANDING = 1.5  # standard deviations above the training images' mean
_PATIENTS = 500


class Constant(Anonymizer):
    """Releases one grey image for everyone."""

    name = "remover-constant"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return torch.full_like(images, 0.5)


class Noise(Anonymizer):
    """Releases noise: each pixel any grey value, each as likely."""

    name = "remover-noise"
    deterministic = False

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return torch.rand(images.shape, generator=generator).to(images)


class NewPatient(Anonymizer):
    """Releases a patient whom there is not, drawn anew for every image whoever is on it.

    The draws are of the Gaussian that has mean and covariance of one image of each of at most 500 training patients:
    their mean, and a sum of all deviations from it, each with a normal weight.
    """

    name = "remover-new-patient"
    deterministic = False

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        donors = torch.from_numpy(np.array(train.images[first_rows(train.patients)[:_PATIENTS]]))
        self.load_state({"donors": donors}, ctx.device)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        count = len(self._deviations)
        weights = torch.stack([torch.randn(count, generator=generator) for _ in images]) / max(count - 1, 1) ** 0.5
        return (self._mean + weights.to(images) @ self._deviations).clamp(0, 1).view_as(images)

    def state(self) -> dict[str, Tensor]:
        return self._state

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._state = state
        donors = state["donors"].to(device).float().flatten(1) / 255
        self._mean, self._deviations = donors.mean(0), donors - donors.mean(0)


class MeanParams(Params):
    k: int = Field(8, ge=1, description="patients that are averaged")


class MeanOfPatients(Anonymizer):
    """Releases the mean of images of k patients, drawn anew for every image whoever is on it."""

    name = "remover-mean"
    deterministic = False
    Params = MeanParams

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        self._donors = torch.from_numpy(np.array(train.images[first_rows(train.patients)]))

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        count = min(self.params.k, len(self._donors))
        drawn = torch.stack([torch.randperm(len(self._donors), generator=generator)[:count] for _ in images])
        means = [self._donors[rows].float().mean(0) / 255 for rows in drawn]
        return torch.stack(means).to(images.device)

    def state(self) -> dict[str, Tensor]:
        return {"donors": self._donors}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._donors = state["donors"]


class SurrogateParams(Params):
    classifier: ClassifierRecipe = Field(description="the network that reads the findings: the guidance's")


class Surrogate(Anonymizer):
    """Releases an image of another patient with the same leading finding, drawn anew for every image.

    The finding is what the guidance classifier thinks likeliest, against its mean over the training images; an image
    without an outstanding one gets a donor without findings. Donors are training patients; a training image never
    gets one of its own patient.
    """

    name = "remover-surrogate"
    deterministic = False
    Params = SurrogateParams

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        logits = torch.from_numpy(classify(guidance.classifier, train.images, ctx))
        state = {
            "labels": torch.from_numpy(train.labels.copy()),
            "mean": logits.mean(0),
            "std": logits.std(0) + 1e-6,
        }
        donors = Donors.of(train, np.arange(len(train.images)))
        self.load_state(state | donors.state() | prefixed(_CLASSIFIER, guidance.classifier.state_dict()), ctx.device)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        labels = self._state["labels"]
        with torch.no_grad():
            outstanding = (self._classifier(images).cpu().double() - self._state["mean"]) / self._state["std"]
        strongest, leading = outstanding.max(1)
        chosen = []
        for image, strength, finding in zip(images, strongest.tolist(), leading.tolist(), strict=True):
            like = labels[:, finding] > 0 if strength > _OUTSTANDING else (labels == 0).all(1)
            others = self._donors.others(image)
            chosen.append(self._donors.drawn(like & others if (like & others).any() else others, generator))
        return torch.stack(chosen).to(images.device)

    def state(self) -> dict[str, Tensor]:
        return self._state

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._state = state
        self._donors = Donors.from_state(state)
        self._classifier = Classifier(without_weights(self.params.classifier), state["labels"].shape[1])
        self._classifier.load_state_dict(below(_CLASSIFIER, state))
        self._classifier.to(device).eval()
