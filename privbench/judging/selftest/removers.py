"""Anonymizers that really remove identity: what they release does not come from the patient."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ...base.params import Params
from ...data.splits import Split
from ...learning.classifier import classify
from ...learning.context import Context
from ...learning.guidance import Guidance
from ...learning.networks import Classifier
from ...learning.recipes import ClassifierRecipe
from ...learning.states import below, prefixed
from ...learning.weights import without_weights
from ...plugins.interfaces import Anonymizer

_CLASSIFIER = "classifier."


class Constant(Anonymizer):
    """Releases one grey image for everyone."""

    name = "remover-constant"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return torch.full_like(images, 0.5)


class MeanParams(Params):
    k: int = Field(8, ge=1, description="patients that are averaged")


class MeanOfPatients(Anonymizer):
    """Releases the mean of images of k patients, drawn anew for every image whoever is on it."""

    name = "remover-mean"
    deterministic = False
    Params = MeanParams

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        _, first = np.unique(train.patients, return_index=True)
        self._donors = torch.from_numpy(np.array(train.images[first]))

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
        self._state = {
            "donors": torch.from_numpy(np.array(train.images)),
            "patients": torch.from_numpy(train.patients.copy()),
            "labels": torch.from_numpy(train.labels.copy()),
            "mean": logits.mean(0),
            "std": logits.std(0) + 1e-6,
        } | prefixed(_CLASSIFIER, guidance.classifier.state_dict())
        self.load_state(self._state, ctx.device)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        donors, labels, patients = self._state["donors"], self._state["labels"], self._state["patients"]
        with torch.no_grad():
            outstanding = (self._classifier(images).cpu().double() - self._state["mean"]) / self._state["std"]
        strongest, leading = outstanding.max(1)
        chosen = []
        for image, strength, finding in zip(images, strongest.tolist(), leading.tolist(), strict=True):
            like = labels[:, finding] > 0 if strength > _OUTSTANDING else (labels == 0).all(1)
            others = like & (patients != self._patient_of(image))
            rows = torch.nonzero(others if others.any() else patients != self._patient_of(image))[:, 0]
            chosen.append(rows[torch.randint(len(rows), (), generator=generator)])
        return (donors[torch.stack(chosen)].float() / 255).to(images.device)

    def _patient_of(self, image: Tensor) -> int:
        """The patient of a training image; -1 for an image that is none."""
        return self._known.get(_bytes(image), -1)

    def state(self) -> dict[str, Tensor]:
        return self._state

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._state = state
        self._classifier = Classifier(without_weights(self.params.classifier), state["labels"].shape[1])
        self._classifier.load_state_dict(below(_CLASSIFIER, state))
        self._classifier.to(device).eval()
        donors, patients = state["donors"].numpy(), state["patients"].tolist()
        self._known = {donor.tobytes(): patient for donor, patient in zip(donors, patients, strict=True)}


_OUTSTANDING = 1.5  # standard deviations above the training images' mean


def _bytes(image: Tensor) -> bytes:
    return (image * 255).round().to(torch.uint8).cpu().numpy().tobytes()
