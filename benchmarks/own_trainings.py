"""privbench's own trainings as its stages carry them out, for a few steps, and the time that these take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import plain_trainings as plain
from protocol_work import network_of

from privbench.base.progress import Progress
from privbench.data.gallery import KnownGallery
from privbench.data.pairs import NO_PAIRS, Pairs
from privbench.data.splits import Split
from privbench.datasets.phantom.dataset import PhantomDataset
from privbench.judging.contract.surroundings import read_surroundings
from privbench.learning.classifier import fit_classifier
from privbench.learning.context import Context
from privbench.learning.device import create_fabric, deterministic, rounded
from privbench.learning.embedder import fit_embedder
from privbench.learning.guidance import Guidance
from privbench.learning.recipes import Compiled, GuidanceRecipe
from privbench.learning.verifier import fit_verifier
from privbench.plugins.interfaces import Anonymizer, Attack, DataRequest
from privbench.plugins.registry import Registry
from privbench.protocols.schema import Protocol
from privbench.running.loading import write_data

_EPOCHS = 2  # the first one chooses kernels, counts operations and compiles; the last one is timed
SHORT = {"epochs": _EPOCHS, "patience": None, "schedule": "constant", "init": "scratch"}


@dataclass(frozen=True)
class Way:
    """How a training is computed: the run's precision, and the protocol's `tf32` and `compile`."""

    precision: str = "32-true"
    tf32: bool | None = None
    compiled: Compiled | None = None

    def __str__(self) -> str:
        tf32 = {} if self.tf32 is None else {f"tf32={str(self.tf32).lower()}": None}
        return ", ".join([self.precision, *tf32, *([f"compile={self.compiled}"] if self.compiled else [])])


@dataclass(frozen=True)
class Timed:
    """What the last epoch of a training took: items, seconds of its steps, and seconds of validation that followed."""

    items: int
    seconds: float
    validation: float

    @property
    def rate(self) -> float:
        return self.items / self.seconds


@dataclass(frozen=True)
class Training:
    """A training, what a step takes, and both ways of doing it.

    `ours` takes a context and how many steps an epoch has; `plainly` takes seconds and returns items a second.
    """

    name: str
    unit: str
    a_step: int
    ours: Callable[[Context, int], None]
    plainly: Callable[[float], float]
    network: str
    images: int
    """Of an item."""

    def timed(self, device: str, way: Way, steps: int) -> Timed:
        """Carries out epochs of so many steps, as a stage does."""
        ctx = context(device, way)
        with deterministic(), rounded(way.tf32):
            self.ours(ctx, steps)
        last = ctx.times[-1]
        validation = last.seconds.get("validation", 0.0)
        return Timed(last.steps * self.a_step, sum(last.seconds.values()) - validation, validation)


def context(device: str, way: Way, seed: int = 0) -> Context:
    fabric = create_fabric(device, way.precision)
    return Context(fabric, seed, "benchmark", Progress(quiet=True), compiled=way.compiled)


@dataclass(frozen=True)
class Drawn:
    """Phantoms of one size, and the protocol's networks with random weights, on the device."""

    splits: dict[str, Split]
    guidance: Guidance
    protocol: Protocol

    def known(self, name: str, steps: int | None = None, batch: int = 1) -> KnownGallery:
        """A split as an attack on originals knows it; with as many pairs as those steps take, again and again."""
        split = self.splits[name]
        pairs = split.pairs if steps is None else repeated(split.pairs, steps * batch)
        return KnownGallery(split.images, split.images, pairs=pairs, table=split.table)


def repeated(pairs: Pairs, count: int) -> Pairs:
    rows = np.resize(np.arange(len(pairs)), count)
    return Pairs(pairs.probe[rows], pairs.reference[rows], pairs.mated[rows])


@contextmanager
def drawn(protocol: Protocol, patients: int, size: int, device: str) -> Iterator[Drawn]:
    """That many phantoms, most of whom are trained on; all networks start from random weights."""
    told = protocol.guidance
    recipes = {
        name: one.model_copy(update={"init": "scratch"})
        for name, one in (("classifier", told.classifier), ("verifier", told.verifier), ("embedder", told.embedder))
        if one is not None
    }
    recipe, phantom = GuidanceRecipe(**recipes), PhantomDataset(patients=patients, test_share=0.2)
    with TemporaryDirectory() as folder:
        request = DataRequest(size, 0, None, 1, Progress(quiet=True))
        write_data(phantom, request, 0.1, Path(folder), lambda table: None)
        around = read_surroundings(Path(folder), phantom.findings, recipe, create_fabric(device, "32-true"))
        yield Drawn(dict(around.splits), around.guidance, protocol)


def trainings(told: Drawn, device: str) -> list[Training]:
    """The siamese attack, metric learning, the classifier, and PriCheXy-Net against the guidance."""
    protocol, size = told.protocol, told.protocol.data.size
    train, val = told.splits["train"], told.splits["val"]
    registry = Registry()
    section = protocol.attacks["siamese"]
    pairs = registry.create(Attack, section.attack, section.params).params.model_copy(update=SHORT)
    assert protocol.guidance.embedder is not None  # both protocols have one
    points = protocol.guidance.embedder.model_copy(update=SHORT | {"keep": "best"})
    reads = protocol.guidance.classifier.model_copy(update=SHORT)
    game = protocol.anonymizers["prichexy"] | {"pretrain_epochs": 1, "epochs": _EPOCHS}
    patients = min(points.batch_size, train.table["patient"].nunique())

    def deceive(ctx: Context, steps: int) -> None:
        method = registry.create(Anonymizer, "prichexy", game)
        many = replace(train, pairs=repeated(train.pairs, steps * game["batch_size"]))
        method.fit(many, val, told.guidance, ctx)

    def read(ctx: Context, steps: int) -> None:
        rows = np.resize(np.arange(len(train.images)), steps * reads.batch_size)
        table = train.table.iloc[rows].reset_index(drop=True)
        many = Split(train.images[rows], table, train.findings, NO_PAIRS)
        fit_classifier(many, val, reads, ctx, "classifier")

    return [
        Training(
            f"siamese attack, {network_of(pairs, size)}",
            "pairs/s",
            pairs.batch_size,
            lambda ctx, steps: _ignored(
                fit_verifier(told.known("train", steps, pairs.batch_size), told.known("val"), pairs, ctx, "siamese")
            ),
            lambda seconds: plain.of_pairs(train, pairs, device, seconds),
            network_of(pairs, size),
            2,
        ),
        Training(
            f"PriCheXy-Net, {game['init_features']} filters at {size} px",
            "pairs/s",
            game["batch_size"],
            deceive,
            lambda seconds: plain.of_a_game(
                train,
                registry.create(Anonymizer, "prichexy", game).params,
                told.guidance.recipe.classifier,
                told.guidance.recipe.verifier,
                device,
                seconds,
            ),
            f"prichexy@{size}",
            1,
        ),
        Training(
            f"embedder, {network_of(points, size)}",
            "images/s",
            2 * patients,
            lambda ctx, steps: _ignored(
                fit_embedder(
                    told.known("train"),
                    told.known("val"),
                    points.model_copy(update={"steps": steps}),
                    ctx,
                    "embedder",
                )
            ),
            lambda seconds: plain.of_patients(train, points, device, seconds),
            network_of(points, size),
            1,
        ),
        Training(
            f"classifier, {network_of(reads, size)}",
            "images/s",
            reads.batch_size,
            read,
            lambda seconds: plain.of_findings(train, reads, device, seconds),
            network_of(reads, size),
            1,
        ),
    ]


def _ignored(_: object) -> None:
    """What was learnt."""
