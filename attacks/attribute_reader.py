"""The network that reads sex, age and view off an image, and how it learns that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privbench.base.errors import PrivbenchError
from privbench.data.gallery import KnownGallery
from privbench.learning.ahead import Loaded
from privbench.learning.augmentation import vary
from privbench.learning.classifier import classify
from privbench.learning.context import Context, Pixels
from privbench.learning.generators import global_seed
from privbench.learning.guidance import Guidance
from privbench.learning.networks import Classifier, start_from_guidance
from privbench.learning.recipes import ClassifierRecipe
from privbench.learning.states import below, prefixed
from privbench.learning.training import Losses, adam
from privbench.learning.training import train as train_network
from privbench.learning.updating import Update
from privbench.learning.weights import without_weights

_AGE = 1  # the output that is a number of years; the others are logits
_VALUES = {"sex": ("F", "M"), "view": ("AP", "PA")}  # in order: a larger score stands for the second
_NETWORK, _SCALE = "network.", "scale"


class AttributeReader:
    """A classifier with an output for each attribute: logits, but for the age, which is standardized."""

    def __init__(self, recipe: ClassifierRecipe, attributes: Sequence[str], title: str) -> None:
        """`title` is what curves and messages call the training."""
        self._recipe, self._attributes, self._title = recipe, attributes, title

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        """Trains on `train` and selects on `val`."""
        self._network = self._start(guidance, ctx)
        ages = train.table["age"].dropna().to_numpy(float)
        if not len(ages):
            raise PrivbenchError(
                f"The attack {self._title!r} learns ages, and the data set tells none of a training image: "
                "leave it out with --set attacks.attributes=none."
            )
        self._scale = torch.tensor([ages.mean(), max(ages.std(), 1.0)])
        count = len(train.probes)
        update = Update(self._network, ctx, *adam(self._network, self._recipe, count), title=self._title)
        pixels, targets = Pixels(train.probes, ctx.device), self._targets(train).to(ctx.device)
        val_targets, generator = self._targets(val), ctx.device_generator("augmentation")

        def load(rows: Tensor) -> Loaded:
            return vary(pixels[rows], self._recipe.augmentation, generator)[0], targets[rows]

        def step(images: Tensor, told: Tensor) -> Losses:
            return {"loss": update((images,), lambda outputs: _loss(outputs.float(), told))}

        def validate() -> Losses:
            return {"loss": _loss(torch.from_numpy(classify(self._network, val.probes, ctx)), val_targets.double())}

        train_network(
            self._network,
            count=count,
            recipe=self._recipe,
            step=step,
            validate=validate,
            ctx=ctx,
            title=self._title,
            load=load,
        )

    def _start(self, guidance: Guidance, ctx: Context) -> Classifier:
        count = len(self._attributes)
        with global_seed(ctx.derive("weights")):
            if self._recipe.init != "guidance":
                return Classifier(self._recipe, count).to(ctx.device)
            network = Classifier(self._recipe, guidance.classifier.findings)
            start_from_guidance(network, guidance.classifier, self._title)
            network.replace_head(count)
            return network.to(ctx.device)

    def _targets(self, known: KnownGallery) -> Tensor:
        """Sex and view as 0 or 1, age in standard deviations from the training mean; NaN where nobody told them.

        Shape: (N, 3), float.
        """
        columns = []
        for name in self._attributes:
            values = known.table[name].to_numpy()
            if name == self._attributes[_AGE]:
                mean, std = self._scale.tolist()
                columns.append((values.astype(float) - mean) / std)
            else:
                foreign = set(values) - {*_VALUES[name], ""}
                if foreign:
                    raise PrivbenchError(
                        f"The attack {self._title!r} knows the {name} {' or '.join(_VALUES[name])}, and the data set's "
                        f"table holds {min(map(str, foreign))!r}: leave it out with --set attacks.attributes=none."
                    )
                columns.append(np.where(values == "", np.nan, values == _VALUES[name][1]))
        return torch.from_numpy(np.stack(columns, 1).astype(np.float32))

    def state(self) -> dict[str, Tensor]:
        """What `fit` learnt: the network, below its prefix, and mean and standard deviation of the age."""
        return prefixed(_NETWORK, self._network.state_dict()) | {_SCALE: self._scale}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Takes over what another one with the same recipe learnt, and moves it to the device."""
        self._scale = state[_SCALE]
        self._network = Classifier(without_weights(self._recipe), len(self._attributes))
        self._network.load_state_dict(below(_NETWORK, state))
        self._network.to(device).eval()

    def read(self, images: np.ndarray, ctx: Context) -> dict[str, np.ndarray]:
        """Of each attribute a value an image: a logit of the second value, or years.

        Shape: (N, 1, H, W), uint8, to (N,), float64, each.
        """
        outputs = classify(self._network, images, ctx)
        mean, std = self._scale.tolist()
        outputs[:, _AGE] = outputs[:, _AGE] * std + mean
        return {name: outputs[:, column] for column, name in enumerate(self._attributes)}


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy of sex and view, and the squared error of the age, each over the images of which it is known."""
    logits, texts = _but_age(outputs), _but_age(targets)
    told = ~texts.isnan()
    entropies = functional.binary_cross_entropy_with_logits(
        logits, texts.nan_to_num(), told.to(outputs.dtype), reduction="sum"
    )
    entropy = entropies / told.sum().clamp(min=1)
    known = ~targets[:, _AGE].isnan()
    if outputs.device.type != "cpu":
        return entropy + age_loss_where(known, outputs[:, _AGE], targets[:, _AGE])
    if not known.any():
        return entropy
    return entropy + functional.mse_loss(outputs[known, _AGE], targets[known, _AGE]) / 2


def age_loss_where(known: Tensor, ages: Tensor, targets: Tensor) -> Tensor:
    """Half the mean squared error where the age is known, 0 where none is; the device is not waited for.

    Shape: (N,) each, `known` bool, to ().
    """
    errors = (ages - targets.nan_to_num()).square() * known
    return errors.sum() / known.sum().clamp(min=1) / 2


def _but_age(values: Tensor) -> Tensor:
    """The other columns, without a list of their numbers, which would have to travel to a GPU each time.

    Shape: (N, C) to (N, C - 1).
    """
    return torch.cat([values[:, :_AGE], values[:, _AGE + 1 :]], dim=1)
