"""An anonymizer that quietly takes one finding away from the classifier and leaves the others."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from ...base.errors import PrivbenchError, nearest
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


class EraserParams(Params):
    finding: str = Field("Effusion", description="what is to be erased")
    steps: int = Field(12, ge=1, description="steps, from a quarter of the budget down to nothing")
    budget: int = Field(8, ge=1, description="grey levels that a pixel may change by")
    classifier: ClassifierRecipe = Field(description="the network that reads the findings: the guidance's")


class Eraser(Anonymizer):
    """Moves each image, by a few grey levels, to where the guidance classifier finds one finding as likely as in any.

    The log-odds of that finding go to their mean over the training images, those of the others stay (signed gradient
    steps, as Madry et al., ICLR 2018). Nothing else changes: neither identity, nor the mean AUC by much.
    """

    name = "trap-eraser"
    deterministic = True
    needs_findings = True
    Params = EraserParams

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        if self.params.finding not in train.findings:
            raise PrivbenchError(
                f"The data set has no finding {self.params.finding!r}: {nearest(self.params.finding, train.findings)}"
            )
        column = train.findings.index(self.params.finding)
        logits = torch.from_numpy(classify(guidance.classifier, train.images, ctx)[:, column])
        count = torch.tensor(len(train.findings))
        state = {"findings": count, "column": torch.tensor(column), "usual": logits.mean().float()}
        self.load_state(state | prefixed(_CLASSIFIER, guidance.classifier.state_dict()), ctx.device)

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        with torch.no_grad():
            wanted = self._classifier(images).float()
        wanted[:, self._state["column"]] = self._state["usual"].to(wanted)
        # The one that is erased counts as much as all others, which are to stay.
        weight = torch.ones_like(wanted[0])
        weight[self._state["column"]] = len(weight)
        reach, released = self.params.budget / 255, images.detach().clone()
        for step in range(self.params.steps):
            with torch.enable_grad():
                released.requires_grad_()
                loss = ((self._classifier(released).float() - wanted).square() * weight).sum()
                gradient = torch.autograd.grad(loss, released)[0]
            with torch.no_grad():
                moved = released - reach / 4 * (1 - step / self.params.steps) * gradient.sign()
                released = images + (moved - images).clamp(-reach, reach)
                released = released.clamp(0, 1)
        return released.detach()

    def state(self) -> dict[str, Tensor]:
        return self._state

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._state = state
        self._classifier = Classifier(without_weights(self.params.classifier), int(state["findings"]))
        self._classifier.load_state_dict(below(_CLASSIFIER, state))
        self._classifier.to(device).eval()
