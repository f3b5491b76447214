"""A run, stage by stage: data, guidance, anonymizer, release, attacks, utility."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from lightning_fabric import Fabric
from safetensors.torch import load_file

from .classification import fit_classifier
from .context import Context
from .data.arrays import ArrayWriter, read_array
from .data.loading import guidance_pairs, read_splits, write_data
from .data.splits import SPLITS, Split
from .errors import PrivbenchError
from .guidance import Guidance
from .interfaces import Anonymizer, Attack, DataRequest, Dataset, Gallery, UtilityTask
from .networks import Backbone, Classifier, Verifier, weights_source
from .progress import Progress, log
from .protocol import Protocol, digest_of
from .registry import identity, is_own
from .release import write_release
from .scores import attack_scores, read_scores, utility_scores, write_scores
from .stages import STATE, VERSIONS, Stages, save_state
from .store import Store
from .verification import fit_verifier

SCORES = "scores.parquet"


@dataclass
class Pipeline:
    """Everything that a run needs; its stages are the methods, in order."""

    protocol: Protocol
    dataset: Dataset
    anonymizer: Anonymizer
    given: Sequence[str]
    attack: Callable[[], Attack]
    utility: UtilityTask
    request: DataRequest
    store: Store
    fabric: Fabric
    precision: str
    progress: Progress
    warnings: list[str] = field(default_factory=list)
    splits: dict[str, Split] = field(default_factory=dict)
    released: dict[str, Split] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.anonymizer.check_size(self.protocol.data.size)
        self._source = self.dataset.source(self.request)
        self.stages = Stages(self.store, self.fabric, self.precision, self.protocol.seed, self.progress)

    def run(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Runs every stage that is not in the store; returns the scores of the attack and of the utility task."""
        self._load_data()
        guidance = self._make_guidance()
        self._fit_anonymizer(guidance)
        self._release()
        attack = pd.concat([self._attack(seed) for seed in range(self.protocol.attack.seeds)], ignore_index=True)
        return attack, self._utility(guidance)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the protocol, the versions of what carries it out, and the digest of the data that it read."""
        return digest_of(self._terms() | {"data": self.stages.made["data"].digest})

    @property
    def key(self) -> str:
        """SHA-256 of all that decides the run's scores, known before anything is computed."""
        anonymizer = identity(self.anonymizer, code=not is_own(self.anonymizer))
        return digest_of(self._terms() | {"anonymizer": anonymizer, "source": self._source})

    def _terms(self) -> dict[str, Any]:
        """The protocol and what carries it out. Foreign plugins count with their source, ours with their version."""
        plugins, guidance = (self.dataset, self.attack(), self.utility), self.protocol.guidance
        return {
            "protocol": self.protocol.fixed(),
            "plugins": [identity(plugin, code=not is_own(plugin)) for plugin in plugins],
            "weights": [weights_source(backbone) for backbone in (guidance.classifier, guidance.verifier)],
            "stages": VERSIONS,
        }

    def _load_data(self) -> None:
        protocol = self.protocol
        stage = self.stages.make(
            "data",
            {
                **identity(self.dataset, code=True),
                "source": self._source,
                "size": protocol.data.size,
                "validation": protocol.data.validation,
            },
            [],
            lambda folder, _: write_data(self.dataset, self.request, protocol.data.validation, folder),
        )
        self.splits = read_splits(stage.folder, self.dataset.findings, protocol.pairs, protocol.seed)
        for name, split in self.splits.items():
            wanted = getattr(protocol.pairs, name)
            if protocol.pairs.file(name) is None and len(split.pairs) < wanted - wanted % 2:
                self._warn(f"the {name} split has {len(split.pairs)} verification pairs, {wanted} were asked for")

        present = self.splits["test"].labels.mean(0)
        if not ((present > 0) & (present < 1)).any():
            raise PrivbenchError(
                "No finding is both present and absent among the test images, so utility cannot be judged: "
                "use a test split with ill and healthy patients."
            )

    def _make_guidance(self) -> Guidance:
        recipe, train, val, device = (
            self.protocol.guidance,
            self.splits["train"],
            self.splits["val"],
            self.fabric.device,
        )

        def make_classifier(folder: Path, ctx: Context) -> None:
            network = fit_classifier(train, val, recipe.classifier, ctx, "guidance classifier")
            save_state(network.state_dict(), folder)

        def make_verifier(folder: Path, ctx: Context) -> None:
            pairs = guidance_pairs(train, self.protocol.pairs, self.protocol.seed)
            galleries = Gallery(train.images, train.images, pairs), Gallery(val.images, val.images, val.pairs)
            save_state(fit_verifier(*galleries, recipe.verifier, ctx, "guidance verifier").state_dict(), folder)

        stage = self.stages.make("classifier", _config(recipe.classifier), ["data"], make_classifier)
        classifier = Classifier(_without_weights(recipe.classifier), len(self.dataset.findings))
        classifier.load_state_dict(load_file(stage.folder / STATE))
        config = _config(recipe.verifier) | self._pairs("guidance", "val")
        stage = self.stages.make("verifier", config, ["data"], make_verifier)
        verifier = Verifier(_without_weights(recipe.verifier), recipe.verifier.features)
        verifier.load_state_dict(load_file(stage.folder / STATE))
        return Guidance(classifier.to(device).eval(), verifier.to(device).eval())

    def _fit_anonymizer(self, guidance: Guidance) -> None:
        def fit(folder: Path, ctx: Context) -> None:
            self.anonymizer.fit(self.splits["train"], self.splits["val"], guidance, ctx)
            save_state(self.anonymizer.state(), folder)

        config = identity(self.anonymizer, code=True) | self._pairs("train", "val")
        stage = self.stages.make("anonymizer", config, ["data", "classifier", "verifier"], fit)
        self.anonymizer.load_state(load_file(stage.folder / STATE), self.fabric.device)

    def _release(self) -> None:
        def write(folder: Path, ctx: Context) -> None:
            for name in SPLITS:
                images = self.splits[name].images
                with ArrayWriter(folder / f"{name}.npy", images.shape) as writer:
                    write_release(self.anonymizer, images, replace(ctx, stage=f"release of {name}"), writer)

        stage = self.stages.make("release", identity(self.anonymizer, code=True), ["data", "anonymizer"], write)
        self.released = {
            name: split.with_images(read_array(stage.folder / f"{name}.npy")) for name, split in self.splits.items()
        }

    def _attack(self, number: int) -> pd.DataFrame:
        section = self.protocol.attack

        def make(folder: Path, ctx: Context) -> None:
            attack = self.attack()
            attack.fit(self._gallery("train", section.train), self._gallery("val", section.train), ctx)
            scores = attack.similarity(self._gallery("test", section.test), ctx)
            write_scores(attack_scores(self.splits["test"], scores, number), folder / SCORES)

        config = identity(self.attack(), code=True) | self._pairs("train", "val", "test")
        config |= {"scenario": [section.train, section.test], "number": number}
        stage = self.stages.make(f"attack {number}", config, ["data", "release"], make)
        return read_scores(stage.folder / SCORES)

    def _gallery(self, split: str, images: str) -> Gallery:
        """The images of a scenario, such as AO: anonymized probes, original references."""
        source = {"O": self.splits[split].images, "A": self.released[split].images}
        return Gallery(source[images[0]], source[images[1]], self.splits[split].pairs)

    def _utility(self, guidance: Guidance) -> pd.DataFrame:
        def make(folder: Path, ctx: Context) -> None:
            self.utility.fit(self.released["train"], self.released["val"], guidance, ctx)
            scores = self.utility.predict(self.released["test"].images, ctx)
            write_scores(utility_scores(self.released["test"], scores), folder / SCORES)

        config = identity(self.utility, code=True)
        stage = self.stages.make("utility", config, ["data", "release", "classifier"], make)
        return read_scores(stage.folder / SCORES)

    def _pairs(self, *names: str) -> dict[str, Any]:
        """What decides the pairs of the named sets, for a stage's configuration."""
        pairs = self.protocol.fixed()["pairs"]
        return {"pairs": {key: pairs.get(key) for name in names for key in ("cap", name, f"{name}_file")}}

    def _warn(self, message: str) -> None:
        log.warning(message)
        self.warnings.append(message)


def _config(recipe: Backbone) -> dict[str, Any]:
    """What decides a guidance network, beside the data."""
    return {"recipe": recipe.model_dump(mode="json"), "weights": weights_source(recipe)}


def _without_weights(backbone: Backbone) -> Backbone:
    """The same network with random weights, for a state that is about to be loaded."""
    return backbone.model_copy(update={"pretrained": False})
