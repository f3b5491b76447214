"""What the checks of promises share: short recipes, and what of a plugin's promises is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.checks import check
from privbench.judging.contract.surroundings import Surroundings, surroundings
from privbench.learning.device import create_fabric
from privbench.learning.recipes import GuidanceRecipe
from privbench.plugins.interfaces import Anonymizer, Plugin
from privbench.plugins.registry import Registry

NETWORK = {"backbone": "test_resnet", "options": {"stem_type": ""}}
SHORT = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3}
EMBEDDING = NETWORK | SHORT | {"steps": 2, "features": 8}
GUIDANCE = GuidanceRecipe(classifier=NETWORK | SHORT, verifier=NETWORK | SHORT | {"features": 8}, embedder=EMBEDDING)
GAME = {"pretrain_epochs": 1, "epochs": 1, "batch_size": 16}
LATENT = {"epochs": 1, "batch_size": 16, "codes": 8, "width": 2}
PARAMS: dict[str, dict[str, Any]] = {
    "prichexy": GAME | {"init_features": 2, "mu": 0.05},
    "privacy-net": GAME | {"features": 2},
    "adversarial-noise": GAME | {"init_features": 2},
    "downsample": {"side": 8},
    "k-mixing": LATENT | {"k": 4},
    "latent-centroid": LATENT | {"clusters": 4},
    "latent-noise": LATENT,
    "siamese": NETWORK | SHORT | {"features": 8},
    "contrastive": EMBEDDING,
    "distillation": EMBEDDING,
    "averaging": EMBEDDING | {"releases": 3},
    "restoration": EMBEDDING | {"restorer": SHORT | {"width": 2}},
    "attributes": NETWORK | SHORT,
    "segmentation": NETWORK | SHORT | {"width": 2},
}
"""Of built-in plugins, parameters with which they are tried in a second."""
BUILT_IN = [(kind, name) for kind in ("anonymizer", "attack", "utility") for name in Registry().names(kind)]


@contextmanager
def forty_phantoms() -> Iterator[Surroundings]:
    """What promises are tried on: forty phantoms of 32 px with untrained guidance."""
    with surroundings(PhantomDataset(patients=40), GUIDANCE, 32, create_fabric("cpu", "32-true")) as made:
        yield made


def broken(create: Callable[[], Plugin], around: Surroundings, *, elsewhere: bool = False) -> dict[str, str]:
    """The promises that a plugin breaks, each with what was seen; without another process unless that is asked for."""
    checks = check(create, around, elsewhere=elsewhere)
    return {one.promise: one.failure for one in checks if one.failure is not None}


def whole_memory(images: np.ndarray) -> float:
    """The mean grey value of all that lies in the same block of memory as the images: what nobody may look at."""
    return float(np.asarray(images if images.base is None else images.base).mean())


class Guided:
    """As much of a protocol as the self-test reads."""

    guidance = GUIDANCE


def fitted(anonymizer: Anonymizer, around: Surroundings) -> Anonymizer:
    """The anonymizer, which learnt from the surroundings' images."""
    anonymizer.fit(around.splits["train"], around.splits["val"], around.guidance, around.context())
    return anonymizer
